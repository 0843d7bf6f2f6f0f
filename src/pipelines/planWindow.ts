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
  /** Whether the first block takes its last step here and joins the video. */
  readonly finishes: boolean;
}

/**
 * The window at a position of the rollout; there are `blockCount + stepCount - 1` positions. It grows at the start of the
 * video, then holds one block for every step, the first nearly clean and the last pure noise, and shrinks at the end.
 *
 * With fewer blocks than steps the growing window cannot grow to its end: it stays at the noisiest steps and feeds the
 * last block its initial noise again and again, so the first block joins before its last step. The official code does
 * so, and this reproduces it.
 * Source: TencentARC/RollingForcing pipeline/causal_inference.py CausalInferencePipeline.inference_rolling_forcing.
 */
export function planWindow(index: number, blockCount: number, stepCount: number): PlannedWindow {
  const start = Math.max(0, index - stepCount + 1);
  const end = Math.min(blockCount - 1, index);
  const isFull = end - start + 1 === stepCount;
  const blocks = Array.from({ length: end - start + 1 }, (_, offset) => {
    const block = start + offset;
    const step = start === 0 ? end - block : stepCount - 1 - offset;
    return { block, step, isFresh: block === end && (start === 0 || isFull) };
  });
  return { blocks, finishes: index >= stepCount - 1 };
}
