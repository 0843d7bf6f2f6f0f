import { useId } from 'preact/hooks';
import type { TracedVideo } from '../../../src/trace/format.js';
import type { TracedAttempt } from '../../../src/trace/traceReader.js';
import { cacheLayout, countCache } from '../logic/cacheLayout.js';
import { type BlockFacts, capital } from '../logic/facts.js';
import { listed } from '../logic/sentence.js';
import { FrameMap } from './frameMap.jsx';
import type { TokenChoice } from './tokenSurface.jsx';

interface Props {
  readonly facts: BlockFacts;
  readonly attempt: TracedAttempt | undefined;
  readonly video: TracedVideo;
  readonly choice: TokenChoice;
  /** Of the run, where two are compared. */
  readonly name?: string | null;
}

/** Frames in a row at most that are drawn large. */
const MOST_LARGE = 19;

/** What a block could see: the cache as small maps of tokens. */
export function CachePanel({ facts, attempt, video, choice, name }: Props) {
  const id = useId();
  const isKnown = attempt?.isCacheKnown ?? true;
  const seen = attempt?.steps.at(-1)?.seen;
  const groups = attempt ? cacheLayout(facts, attempt, video) : [];
  const tokens = video.grid.height * video.grid.width;
  const { removed, earlier, tokens: all } = countCache(groups, tokens);
  const frames = groups.reduce((sum, group) => sum + group.frames.length, 0);
  const kinds = new Set(groups.map(({ kind }) => kind));
  const isAhead = kinds.has('ahead');
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>
        What {facts.name}
        {name ? ` of ${name}` : ''} could see{' '}
        <small>{isKnown ? introOf(video, attempt, all, removed, earlier) : 'not known'}</small>
      </h2>
      {attempt && !attempt.isCacheKnown && (
        <p class="nothing">
          A line of the trace is damaged, and from what is left the cache of this block cannot be rebuilt:{' '}
          {seen
            ? `its calls saw ${seen.rows} rows of the frames ${listed(seen.frames)}, and which tokens those are is not known.`
            : 'what its calls saw is not known.'}
        </p>
      )}
      {isKnown && groups.length > 0 && (
        <div class="cache">
          <ul
            class={frames > MOST_LARGE ? 'groups many' : 'groups'}
            style={`--aspect:${video.grid.width}/${video.grid.height}`}
          >
            {groups.map((group) => (
              <li key={group.kind} class={`group ${group.kind}`}>
                <p>
                  <b>{group.name}</b> {group.note}
                </p>
                <ul class="frames">
                  {group.frames.map((frame) => (
                    <li key={frame.frame}>
                      <FrameMap frame={frame} kind={group.kind} choice={choice} />
                      <span class="number">
                        <span class="unseen-word">frame </span>
                        {frame.frame}
                        {frame.removed.length > 0 && (
                          <span class="unseen-word">, lost {frame.removed.length} tokens for this block</span>
                        )}
                        {frame.before.length > 0 && (
                          <span class="unseen-word">, had lost {frame.before.length} tokens before</span>
                        )}
                      </span>
                    </li>
                  ))}
                </ul>
              </li>
            ))}
          </ul>
          <ul class="legend">
            <li class="live">in the cache</li>
            {facts.trimmed.length > 0 && <li class="removed">removed for this block</li>}
            {earlier > 0 && <li class="before">removed before</li>}
            {kinds.has('gone') && <li class="ghost">evicted</li>}
            <li class="own">{isAhead ? 'being denoised' : capital(facts.name)}</li>
          </ul>
        </div>
      )}
    </section>
  );
}

function introOf(
  video: TracedVideo,
  attempt: TracedAttempt | undefined,
  all: number,
  removed: number,
  earlier: number,
): string {
  if (video.method === 'wan') return 'everything: the bidirectional model has no cache, each call sees all frames';
  if (video.method === 'latents')
    return 'not known: these latents come from another program, and its cache was not traced';
  if (!attempt) return 'nothing was generated here';
  if (all === 0) return 'nothing: the cache is empty';
  const lost =
    removed === 0
      ? ''
      : `: ${removed} of ${all} removed${earlier > 0 ? `, ${earlier} of them for earlier blocks` : ''}`;
  return `the KV cache, one square a latent frame, one cell a token${lost}`;
}
