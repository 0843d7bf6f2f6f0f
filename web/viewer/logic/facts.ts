import type { TracedVideo } from '../../../src/trace/format.js';
import type { Trace, TracedAttempt, TracedBlock } from '../../../src/trace/traceReader.js';

import { trimOf } from './trimOf.js';

/**
 * What came of a block. `first`: there was nothing before it to compare it with. `unlimited`: measured, but nothing to set
 * beside it. `lost`: lines of the trace are damaged that say it. `would`: above the threshold, and not made again. `asked`: another policy than TokenTrim had it made again.
 */
export type Outcome =
  | 'making'
  | 'given'
  | 'first'
  | 'unmeasured'
  | 'warmup'
  | 'unlimited'
  | 'kept'
  | 'would'
  | 'again'
  | 'asked'
  | 'lost';

/** A block of a run, and what is to be said of it. */
export interface BlockFacts {
  /** Its place in the video, from 0. */
  readonly index: number;
  /** Its number among the generated blocks; below 0 for what the video begins with. */
  readonly number: number;
  /** `block 5`, `given` for what the video begins with, `the video` where all is made at once. */
  readonly name: string;
  readonly traced: TracedBlock;
  readonly outcome: Outcome;
  /** Latent frames; null before its first call. */
  readonly firstFrame: number | null;
  readonly frames: number;
  /** D_t of the first try; of each; of the one that was kept. */
  readonly severity: number | null;
  readonly tries: readonly number[];
  readonly kept: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly threshold: number | null;
  /** S_t of the first try. */
  readonly unstable: readonly number[];
  /** What was pruned after it: S_t itself, or what another policy put in its place. */
  readonly pruned: readonly number[];
  /** Cached frames that lost tokens so that this block could be made again. */
  readonly trimmed: readonly number[];
}

/** What is known of every block of a run so far, in the video's order. */
export function factsOf(trace: Trace): readonly BlockFacts[] {
  const { begin } = trace;
  if (!begin) return [];
  let isFirst = true; // of those that are generated
  const ordered = [...trace.blocks].sort((left, right) => firstFrameOf(left) - firstFrameOf(right));
  const given = ordered.filter(({ block }) => block < 0).length;
  return ordered.map((traced, index) => {
    const facts = ofBlock(traced, index, index - given, begin.video, isFirst);
    if (facts.outcome !== 'given') isFirst = false;
    return facts;
  });
}

/** A block as words have it, with a capital where a sentence begins. */
export const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

function ofBlock(traced: TracedBlock, index: number, number: number, video: TracedVideo, isFirst: boolean): BlockFacts {
  const reviews = traced.attempts.flatMap(({ review }) => (review ? [review] : []));
  const tries = reviews.flatMap(({ severity }) => (severity === null ? [] : [severity]));
  const review = reviews.at(0);
  const firstFrame = firstFrameOf(traced);
  return {
    index,
    number,
    name: traced.block < 0 ? 'given' : video.method === 'wan' ? 'the video' : `block ${traced.block}`,
    traced,
    outcome: outcomeOf(traced, video, isFirst),
    firstFrame: Number.isFinite(firstFrame) ? firstFrame : null,
    frames: traced.accepted?.frames ?? video.framesPerBlock,
    severity: tries.at(0) ?? null,
    tries,
    kept: tries.at(-1) ?? null,
    mean: review?.mean ?? null,
    std: review?.std ?? null,
    threshold: review?.threshold ?? null,
    unstable: review?.unstable ?? [],
    pruned: review?.pruned ?? [],
    trimmed: trimmedFrames(traced.attempts),
  };
}

function outcomeOf(traced: TracedBlock, video: TracedVideo, isFirst: boolean): Outcome {
  const { attempts, accepted, block, damaged } = traced;
  if (accepted?.given || block < 0) return 'given';
  const isSaid = accepted && attempts.length === accepted.attempts && attempts.every(({ review }) => review);
  if (damaged.length > 0 && !isSaid && video.method !== 'wan') return 'lost';
  const review = attempts.at(0)?.review;
  const trim = trimOf(video);
  if (attempts.length > 1 || review?.pruned) {
    const isTrim = trim !== undefined && review?.threshold != null;
    return isTrim ? 'again' : 'asked';
  }
  if (!accepted && !review) return 'making';
  if (!review || review.severity === null) {
    return video.method === 'wan' || !isFirst ? 'unmeasured' : 'first';
  }
  if (trim && block <= trim.warmup) return 'warmup';
  if (review.threshold === null) return 'unlimited';
  return review.severity > review.threshold ? 'would' : 'kept';
}

/** Infinity where it is not known yet: such a block comes last. */
function firstFrameOf({ accepted, write, attempts }: TracedBlock): number {
  return (accepted ?? write ?? attempts.at(0)?.steps.at(0))?.firstFrame ?? Number.POSITIVE_INFINITY;
}

function trimmedFrames(attempts: readonly TracedAttempt[]): number[] {
  const [before, after] = [attempts.at(0)?.cache, attempts.at(-1)?.cache];
  if (!before || !after) return [];
  return [...after].filter(([frame, lost]) => lost.size > (before.get(frame)?.size ?? 0)).map(([frame]) => frame);
}
