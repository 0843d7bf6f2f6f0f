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
  readonly blocks: readonly WindowBlock[];
  /** Whether the first block joins the video here. */
  readonly finishes: boolean;
}

/**
 * The window at a position of the rollout; there are `blockCount + stepCount - 1` positions. It grows at the start of the
 * video, then holds one block for every step, the first nearly clean and the last pure noise, and shrinks at the end.
 *
 * With fewer blocks than steps the growing window cannot grow to its end. In the official code it then stays at the
 * noisiest steps and feeds the last block its initial noise again and again, so the first block joins before its last
 * step. That is reproduced for a video made from text alone. Where frames were given there is nothing to reproduce, and
 * every block takes all of its steps (`takesAllSteps`).
 * Source: TencentARC/RollingForcing pipeline/rolling_forcing_inference.py CausalInferencePipeline.inference_rolling_forcing.
 */
export function planWindow(index: number, blockCount: number, stepCount: number, takesAllSteps = false): PlannedWindow {
  const start = Math.max(0, index - stepCount + 1);
  const end = Math.min(blockCount - 1, index);
  // The block at the window's end that takes its first step; one past the video where all have begun.
  const newest = start === 0 && !takesAllSteps ? end : index;
  const blocks = Array.from({ length: end - start + 1 }, (_, offset) => {
    const block = start + offset;
    return { block, step: newest - block, isFresh: block === newest };
  });
  return { blocks, finishes: index >= stepCount - 1 };
}
