import type { RolloutOptions } from '../rollout.js';

/** A block of a rolling window. */
export interface WindowBlock {
  readonly block: number;
  /** Which denoising step it takes in this window, from 0, the noisiest. */
  readonly step: number;
  /** Whether it is fed its initial noise, and not what the window before made of it. */
  readonly isFresh: boolean;
}

/** One position of the rolling window. */
export interface PlannedWindow {
  /** Its place in the order of windows, from 0. */
  readonly index: number;
  readonly blocks: readonly WindowBlock[];
  /** Whether the first block joins the video here. */
  readonly finishes: boolean;
}

/**
 * The windows of a rollout in order, `blockCount + stepCount - 1` of them. The window grows at the start of the video, then
 * holds one block for every step, the first nearly clean and the last pure noise, and shrinks at the end.
 *
 * With fewer blocks than steps the growing window cannot grow to its end. In the official code it then stays at the
 * noisiest steps and feeds the last block its initial noise again and again, so the first block joins before its last
 * step. That is reproduced for a video made from text alone. Where frames were given there is nothing to reproduce, and
 * every block takes all of its steps (`takesAllSteps`).
 * Source: TencentARC/RollingForcing pipeline/rolling_forcing_inference.py CausalInferencePipeline.inference_rolling_forcing.
 */
export function* planWindows(blockCount: number, stepCount: number, takesAllSteps: boolean): Generator<PlannedWindow> {
  for (let index = 0; index < blockCount + stepCount - 1; index++) {
    const start = Math.max(0, index - stepCount + 1);
    const end = Math.min(blockCount - 1, index);
    // The block at the window's end that takes its first step; one past the video where all have begun.
    const newest = start === 0 && !takesAllSteps ? end : index;
    const blocks = Array.from({ length: end - start + 1 }, (_, offset) => {
      const block = start + offset;
      return { block, step: newest - block, isFresh: block === newest };
    });
    yield { index, blocks, finishes: index >= stepCount - 1 };
  }
}

/**
 * What of the past a call sees. The denoising calls and those that update the cache differ, in the official code as here.
 * @param frames of the call
 */
export function seenFrames(
  { window, sink, framesPerBlock: size }: RolloutOptions,
  firstFrame: number,
  frames: number,
  updatesCache: boolean,
): { recentFrames: number; anchorFrame: number | undefined } {
  if (firstFrame === 0) return { recentFrames: 0, anchorFrame: undefined };
  if (updatesCache) {
    // The last `window` frames of the cache, the block's own included; the anchor only while it is among them, in its place.
    const seesAnchor = sink > 0 && firstFrame + size <= window;
    return { recentFrames: window - size, anchorFrame: seesAnchor ? 0 : undefined };
  }
  const recentFrames = Math.min(firstFrame - sink, window - frames - sink);
  return { recentFrames, anchorFrame: sink > 0 ? firstFrame - recentFrames - sink : undefined };
}
