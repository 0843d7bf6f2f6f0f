import type { Sentence } from './dom.js';
import type { BlockRow, RunState } from './runState.js';

// What the page says of a run, in sentences.

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
const short = (value: number) => value.toFixed(1);

/** What TokenTrim was asked for, as far as sentences tell of it. */
export interface Trimming {
  readonly warmup: number;
  readonly sensitivity: number;
}

/** The heading over a run, of which a block is looked at. */
export function titleOf(run: RunState | undefined, row: BlockRow | undefined, { warmup }: Trimming): string {
  if (!run) return 'A prompt becomes a video, in this page';
  if (run.phase === 'failed') return 'This run failed';
  if (run.isGoingOn) {
    if (run.phase === 'stopping') return 'Stopping';
    if (run.stage === 'decode') return 'Making the pictures';
    if (run.stage !== 'rollout' || !run.current) return 'Getting ready';
    if (run.plan?.preset === 'wan') return 'Making the video';
    const { block, attempt } = run.current;
    return `Making block ${Math.min(block, run.blocks - 1)} of ${run.blocks}${attempt > 0 ? ' again' : ''}`;
  }
  if (!row) return run.phase === 'stopped' ? 'Stopped before the first block' : 'Done';
  const { block, decision } = row;
  if (!decision) return 'The whole video, made at once';
  if (decision.triggered)
    return `Why block ${block} was made ${decision.attempts === 2 ? 'twice' : `${decision.attempts} times`}`;
  if (block === 0) return 'Block 0 is the first';
  if (decision.severity === null) return `Block ${block}`;
  return block <= warmup ? `Block ${block} sets the scale` : `Block ${block} was kept`;
}

/** What is said below it. */
export function sayOf(run: RunState | undefined, row: BlockRow | undefined, trimming: Trimming): Sentence {
  if (!run) {
    return [
      'Wan2.1 with Self Forcing or Rolling Forcing, and TokenTrim, on this machine alone: no server computes anything, ' +
        'and nothing leaves the page.',
    ];
  }
  if (run.phase === 'stopping') return ['The call at hand ends first.'];
  if (row) return ofBlock(row, trimming);
  if (!run.isGoingOn) return [];
  if (run.compiling > 0)
    return [`${plural(run.compiling, 'kernel')} run for the first time: the driver compiles them, once.`];
  if (run.stage === 'text') return ['The prompt is embedded.'];
  if (run.stage === 'weights') return ['Weights are read.'];
  return ['Its first picture comes with the first block.'];
}

function ofBlock({ block, decision }: BlockRow, { warmup, sensitivity }: Trimming): Sentence {
  if (!decision) return ['Wan2.1 makes all pictures at once: there are no blocks to compare.'];
  const { severity, threshold, triggered, unstable, reviews, severityAfter } = decision;
  if (severity === null) {
    return block === 0
      ? ['There is nothing before block 0 to move away from, so it is kept as it comes.']
      : [`Block ${block} was kept as it came: with TokenTrim off, nothing is measured.`];
  }
  const moved = [`Block ${block} moved `, { strong: short(severity), isHot: triggered }] as const;
  const limit = { strong: `${short(threshold ?? 0)} = mean + ${sensitivity}σ` };
  if (triggered && severityAfter !== null && threshold !== null) {
    const tries = reviews.length - 1;
    const isWorse = severityAfter > severity;
    const outcome = isWorse ? ', even more' : severityAfter > threshold ? ': less, if still above' : '';
    const end =
      severityAfter > threshold ? ` ${tries === 1 ? 'One new try is' : `${tries} new tries are`} all it gets.` : '';
    return [
      ...moved,
      ', more than ',
      limit,
      ' of the blocks before it. So the ',
      { strong: plural(unstable?.length ?? 0, 'token') },
      ' that moved most were removed from the cached frames, and the block was made again: ',
      { strong: short(severityAfter), isHot: true },
      `${outcome}.${end}`,
    ];
  }
  if (block <= warmup) {
    const first =
      warmup === 1
        ? 'block after the start is kept whatever it does'
        : `${warmup} blocks after the start are kept whatever they do`;
    return [...moved, `. The first ${first}, to learn what is usual.`];
  }
  if (threshold === null) return [...moved, '. There is no block before it to compare that with.'];
  return [...moved, severity > threshold ? ', more than ' : ', less than ', limit, ' of the blocks before it.'];
}

const STAGES = {
  text: 'embedding the prompt',
  given: 'encoding pictures',
  weights: 'reading weights',
  rollout: 'denoising',
  decode: 'decoding pictures',
} as const;

/** The stage of a run in a few words. */
export function stageOf(run: RunState | undefined): string {
  if (!run) return 'idle';
  if (!run.isGoingOn) return run.phase;
  if (run.compiling > 0 && run.stage !== 'rollout') return `compiling ${plural(run.compiling, 'kernel')}`;
  const stage = run.stage ? STAGES[run.stage] : 'planning';
  return run.phase === 'stopping' ? `stopping after ${stage}` : stage;
}

/** Every number of a block, in one line. */
export function numbersOf({ block, decision, seconds, pictures }: BlockRow): string {
  const parts = [`Block ${block}`];
  const exact = (value: number) => value.toFixed(4);
  if (decision?.severity != null) parts.push(`severity ${exact(decision.severity)}`);
  if (decision?.threshold != null) {
    parts.push(
      `threshold ${exact(decision.threshold)} (mean ${exact(decision.mean ?? 0)}, deviation ${exact(decision.std ?? 0)})`,
    );
  }
  if (decision?.triggered)
    parts.push(`made again without tokens ${decision.unstable?.join(', ')}: ${exact(decision.severityAfter ?? 0)}`);
  parts.push(plural(pictures, 'picture'), `${seconds.toFixed(1)} s`);
  return parts.join(' · ');
}
