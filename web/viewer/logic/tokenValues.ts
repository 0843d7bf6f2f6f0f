import type { Grid } from './outline.js';

/** Clean latents of a block. */
export interface BlockLatents {
  /** [frames, channels, height, width]. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a token is made of: the range and the mean of its patch of latent values, in all frames of a block. */
export function tokenValues({ shape, values }: BlockLatents, grid: Grid, token: number): string {
  const [frames, channels, height, width] = shape;
  const [patchHeight, patchWidth] = [height / grid.height, width / grid.width];
  const [top, left] = [Math.floor(token / grid.width) * patchHeight, (token % grid.width) * patchWidth];
  let [low, high, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let plane = 0; plane < frames * channels; plane++) {
    for (let y = top; y < top + patchHeight; y++) {
      for (let x = left; x < left + patchWidth; x++) {
        const value = values[(plane * height + y) * width + x];
        low = Math.min(low, value);
        high = Math.max(high, value);
        sum += value;
      }
    }
  }
  const count = frames * channels * patchHeight * patchWidth;
  return `${count} values from ${low.toFixed(2)} to ${high.toFixed(2)}, mean ${(sum / count).toFixed(2)}`;
}
