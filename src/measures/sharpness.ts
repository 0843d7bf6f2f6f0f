import { type MeasureKind, ratio, relativeMeasure } from './measure.js';

/**
 * Sharpness as the variance of the Laplacian, as a multiple of that of the first seconds: 1 where nothing changed, less where edges
 * soften, more where noise or false detail comes in.
 * Source: Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy", LAPV; the kernel is 0 1 0, 1 -4 1, 0 1 0
 * over luma, without the picture's border.
 */
export const sharpness: MeasureKind = {
  ...{ title: 'sharpness', unit: 'times', better: 'same' },
  start: (fps) => relativeMeasure(fps, ({ luma, width, height }) => laplacianVariance(luma, width, height), ratio),
};

/** @param luma [height, width], at least 3x3, else there is no variance */
export function laplacianVariance(luma: Float32Array, width: number, height: number): number | null {
  let [sum, squares] = [0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, at = y * width + 1; x < width - 1; x++, at++) {
      const value = luma[at - 1] + luma[at + 1] + luma[at - width] + luma[at + width] - 4 * luma[at];
      sum += value;
      squares += value * value;
    }
  }
  const count = (width - 2) * (height - 2);
  return width < 3 || height < 3 ? null : Math.max(0, squares / count - (sum / count) ** 2);
}
