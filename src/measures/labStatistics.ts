import { toLab } from './labTables.js';

/** A colour in CIELAB under D65: L* 0 ... 100, a* and b* about -110 ... 100. */
export interface Lab {
  readonly l: number;
  readonly a: number;
  readonly b: number;
}

/** How the colours of a frame are distributed in CIELAB. */
export interface LabStatistics {
  /** Mean over the pixels. */
  readonly mean: Lab;
  /** Standard deviation of L* over the pixels. */
  readonly lightnessDeviation: number;
  /** Shares of L*, a* and b*, each HISTOGRAM_BINS long, for values from HISTOGRAM_START on, one unit a bin. */
  readonly histogram: Float64Array;
}

export const HISTOGRAM_BINS = 257;
export const HISTOGRAM_START = -128;

/**
 * Means and marginal histograms of a picture's colours in CIELAB (D65 white, as sRGB has it). A value between two bins is
 * shared by them, so that a histogram has the mean of its pixels, and small shifts show.
 * @param rgb sRGB, 0 ... 255, three a pixel
 */
export function labStatistics(rgb: Uint8Array): LabStatistics {
  const pixels = rgb.length / 3;
  const histogram = new Float64Array(3 * HISTOGRAM_BINS);
  const lab = new Float64Array(3);
  const sums = [0, 0, 0];
  let squares = 0;
  for (let at = 0; at < rgb.length; at += 3) {
    const isSame = at > 0 && rgb[at] === rgb[at - 3] && rgb[at + 1] === rgb[at - 2] && rgb[at + 2] === rgb[at - 1];
    if (!isSame) toLab(rgb[at], rgb[at + 1], rgb[at + 2], lab);
    squares += lab[0] * lab[0];
    for (let axis = 0; axis < 3; axis++) {
      sums[axis] += lab[axis];
      share(histogram, axis * HISTOGRAM_BINS, lab[axis]);
    }
  }
  for (let bin = 0; bin < histogram.length; bin++) histogram[bin] /= pixels;
  const mean = { l: sums[0] / pixels, a: sums[1] / pixels, b: sums[2] / pixels };
  const variance = Math.max(0, squares / pixels - mean.l ** 2);
  return { mean, lightnessDeviation: Math.sqrt(variance), histogram };
}

function share(histogram: Float64Array, from: number, value: number): void {
  const place = value - HISTOGRAM_START;
  const bin = Math.floor(place);
  const right = place - bin;
  histogram[from + bin] += 1 - right;
  histogram[from + bin + 1] += right;
}
