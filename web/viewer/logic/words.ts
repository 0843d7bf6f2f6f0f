import type { TracedVideo } from '../../../src/trace/format.js';
import { IdleRetries } from '../../../src/trace/idleRetries.js';
import { type BlockFacts, capital } from './facts.js';
import { digitsApart, listed, type Piece, plural, type Sentence, short } from './sentence.js';
import { trimOf } from './trimOf.js';

// What is said of a block. It claims what was measured and no more: a second try moved less, or more, and was above the
// threshold or below it; whether the picture is better is for who looks at it.

/** The heading over a block. */
export function titleOf(facts: BlockFacts, video: TracedVideo): string {
  const name = capital(facts.name);
  switch (facts.outcome) {
    case 'making':
      return `Making ${facts.name}${facts.traced.attempts.length > 1 ? ' again' : ''}`;
    case 'given':
      return 'What the video begins with';
    case 'first':
      return `${name} is the first`;
    case 'unmeasured':
      return video.method === 'wan' ? 'The whole video, made at once' : `${name} was kept as it came`;
    case 'lost':
      return `${name} is not whole in this trace`;
    case 'warmup':
      return `${name} sets the scale`;
    case 'would':
      return `${name} moved too much`;
    case 'again':
    case 'asked': {
      const times = facts.traced.attempts.length;
      if (!facts.traced.accepted) return `Making ${facts.name} again`;
      return `Why ${facts.name} was made ${times === 2 ? 'twice' : `${times} times`}`;
    }
    default:
      return video.method === 'latents' ? `${name} moved as usual` : `${name} was kept`;
  }
}

/** Why it came out as it did. */
export function sayOf(facts: BlockFacts, video: TracedVideo): Sentence {
  const { trim } = video;
  const off = trim === false ? ' TokenTrim is off: it is only measured.' : '';
  switch (facts.outcome) {
    case 'making':
      return [progressOf(facts, video)];
    case 'given':
      return [
        'These pictures were given, not generated: nothing is measured of them. They are in the cache like others.',
      ];
    case 'first':
      return facts.index > 0
        ? [
            'It is the first that was generated. The given pictures before it are not compared with it, so it is kept as it comes.',
          ]
        : ['There is nothing before it to move away from, so it is kept as it comes.'];
    case 'unmeasured':
      if (video.method === 'wan') return ['Wan2.1 makes all pictures at once: there are no blocks to compare.'];
      return trim === false
        ? ['With TokenTrim off, nothing is measured, and every block is kept as it comes.']
        : ['Nothing was measured of it.'];
    case 'lost':
      return [
        ...(facts.severity === null ? [] : [...moved(facts, false), '. ']),
        `${facts.traced.damaged.length === 1 ? `Line ${facts.traced.damaged[0]} of the trace is` : `Lines ${listed(facts.traced.damaged)} of the trace are`} damaged here, so what came of it is not known.`,
      ];
    case 'warmup':
      return [...moved(facts, false), '.', off || ` ${warmupOf(trimOf(video)?.warmup ?? 0)}`];
    case 'unlimited':
      return [
        ...moved(facts, false),
        trimOf(video)?.policy === 'adaptive'
          ? '. There are too few severities before it to say what is usual.'
          : '. There is no severity before it to compare that with.',
      ];
    case 'kept':
      return [...compared(facts, video, false), ` of the blocks before it.${off || keptWords(video)}`];
    case 'would':
      return [...compared(facts, video, true), ' of the blocks before it. ', notAgain(facts, video)];
    case 'asked':
      return ['The policy of this run asked for it to be made again', ...removed(facts), outcomeOf(facts, video)];
    case 'again':
      return [
        ...compared(facts, video, true),
        ' of the blocks before it. So ',
        ...prunedTokens(facts, video),
        ...regenerated(facts, video),
      ];
  }
}

/** What stands for lambda sigma: `mean + 2σ`. */
export function limitName(video: TracedVideo): string {
  const trim = trimOf(video);
  return trim && trim.policy !== 'adaptive' ? `mean + ${trim.sensitivity}σ` : 'the limit';
}

function moved({ name, severity }: BlockFacts, isHot: boolean, digits = 1): Piece[] {
  return [`${capital(name)} moved `, { strong: short(severity ?? 0, digits), isHot }];
}

/** As many as tell the numbers of a block's story apart: the same in all of its sentences. */
const digitsOf = ({ tries, threshold }: BlockFacts): number =>
  digitsApart(...tries, ...(threshold === null ? [] : [threshold]));

function compared(facts: BlockFacts, video: TracedVideo, isHot: boolean): Piece[] {
  const { severity, threshold } = facts;
  if (severity === null || threshold === null) return moved(facts, isHot);
  const digits = digitsOf(facts);
  const than = severity > threshold ? ', more than ' : severity < threshold ? ', less than ' : ', as much as ';
  return [...moved(facts, isHot, digits), than, { strong: `${short(threshold, digits)} = ${limitName(video)}` }];
}

/** What left the cache before the new try, by the policy. */
function prunedTokens(facts: BlockFacts, video: TracedVideo): Piece[] {
  const policy = trimOf(video)?.policy;
  if (policy === 'regenerate') return ['nothing was removed'];
  const tokens = { strong: plural(facts.pruned.length, 'token'), token: true };
  if (policy === 'placebo') return [tokens, ' drawn at random ', ...removed(facts)];
  return ['the ', tokens, ' that moved most ', ...removed(facts)];
}

/** Whether no cached frame that could lose tokens had any of them left. */
function areGone({ attempts }: BlockFacts['traced'], tokens: readonly number[]): boolean {
  const frames = [...(attempts.at(0)?.cache.values() ?? [])].filter((lost) => lost.size > 0);
  return frames.length > 0 && frames.every((lost) => tokens.every((token) => lost.has(token)));
}

function removed({ trimmed, outcome, pruned, traced }: BlockFacts): Piece[] {
  if (outcome === 'asked' && pruned.length === 0) return [', with nothing removed. '];
  if (trimmed.length === 0)
    return [
      areGone(traced, pruned)
        ? 'were to be removed, but every cached frame had lost them before: the new try saw the same cache'
        : 'were to be removed, but no cached frame could lose any: the new try saw the same cache',
    ];
  const frames = { strong: plural(trimmed.length, 'cached frame') };
  return outcome === 'asked' ? [', with tokens removed from ', frames, '. '] : ['were removed from ', frames];
}

/** The new try beside the first: never more than the two numbers say. */
function regenerated(facts: BlockFacts, video: TracedVideo): Piece[] {
  const { tries, traced } = facts;
  const news = tries.slice(1);
  if (!traced.accepted && news.length < 1) return [', and the block is being generated again.'];
  if (news.length === 0) return [', and the block was generated again. Nothing was measured of the new try.'];
  const digits = digitsOf(facts);
  const made =
    news.length === 1
      ? ', and the block was generated again: '
      : `, and the block was generated again ${news.length} times${idleWords(facts, video, news.length)}: `;
  const numbers = news.flatMap((value, index): Piece[] => [
    ...(index > 0 ? [', then '] : []),
    { strong: short(value, digits), isHot: true },
  ]);
  return [made, ...numbers, outcomeOf(facts, video)];
}

/** How many of several new tries found nothing left to prune; where all did, what was to be removed says so. */
function idleWords({ traced }: BlockFacts, video: TracedVideo, tries: number): string {
  const retries = new IdleRetries();
  for (const { review, steps } of traced.attempts) if (review) for (const step of steps) retries.add(step);
  const idle = retries.of(traced.block);
  const isSaid = idle > 0 && idle < tries && trimOf(video)?.policy !== 'regenerate';
  return isSaid ? `, ${idle} of them with nothing left to prune` : '';
}

function outcomeOf({ severity, threshold, kept, tries }: BlockFacts, { trim }: TracedVideo): string {
  if (kept === null || severity === null || tries.length < 2) return '';
  const most = typeof trim === 'object' ? trim.maxRegenerations : tries.length - 1;
  const isAllItGets = tries.length - 1 >= most;
  const end = isAllItGets ? ` ${most === 1 ? 'One new try is' : `${most} new tries are`} all it gets` : '';
  if (kept > severity) return `, even more.${end ? `${end}, so this one was kept.` : ''}`;
  if (threshold !== null && kept > threshold) {
    return `: ${kept < severity ? 'less, if still above' : 'no less'}.${end ? `${end}.` : ''}`;
  }
  return kept === severity ? ': no less.' : ': less, and not above.';
}

function keptWords({ method }: TracedVideo): string {
  return method === 'latents' ? ' TokenTrim would have kept it.' : ' So it was kept as it came.';
}

function notAgain({ unstable }: BlockFacts, { method, trim }: TracedVideo): string {
  const tokens = plural(unstable.length, 'token');
  if (method === 'latents') {
    return `TokenTrim would have removed ${tokens} from the cache and made it again. These latents come from another program, which did not.`;
  }
  if (trim === false) return 'With TokenTrim off, it was kept all the same.';
  const none = typeof trim === 'object' && trim.maxRegenerations === 0;
  return none ? 'This run allows no new tries, so it was kept.' : 'It was kept all the same.';
}

function warmupOf(warmup: number): string {
  return warmup === 1
    ? 'The first block after the start is kept whatever it does: it only teaches what is usual.'
    : `The first ${warmup} blocks after the start are kept whatever they do: they only teach what is usual.`;
}

function progressOf({ traced }: BlockFacts, { steps }: TracedVideo): string {
  const attempt = traced.attempts.at(-1);
  const made = attempt?.steps.length ?? 0;
  const which = (attempt?.attempt ?? 0) > 0 ? ' of the new try' : '';
  return `${plural(made, 'denoising call')} of ${steps.length}${which} done.`;
}
