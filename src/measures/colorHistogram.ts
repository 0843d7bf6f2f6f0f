import { HISTOGRAM_BINS } from './labStatistics.js';
import { type Measure, type MeasureKind, referenceFrames } from './measure.js';

/**
 * How far the colours are from those of the first seconds as a distribution: the root of the summed squares of the
 * Wasserstein-1 distances between the histograms of L*, a* and b*, in units of CIELAB. One flat colour that becomes another
 * gives their Euclidean distance in CIELAB; half of the pixels, half of it. It sees what the mean does not, such as
 * colours that grow stronger and weaker at once, and not where in the picture they are.
 * Source: on a line the Wasserstein-1 distance is the area between the cumulative shares (Vallender 1974).
 */
export const colorHistogram: MeasureKind = {
  ...{ title: 'colour histogram', unit: 'CIELAB', better: 'lower' },
  start: (fps) => distanceToFirst(referenceFrames(fps)),
};

/** @param count how many frames to compare with */
function distanceToFirst(count: number): Measure {
  const first: Float64Array[] = []; // the only histograms that are kept
  const distances: number[] = [];
  let reference: Float64Array | undefined;

  /** Compares the first frames too, once all of them are there. */
  const settle = (): Float64Array => {
    const mean = meanHistogram(first);
    for (const histogram of first) distances.push(distance(histogram, mean));
    return mean;
  };
  return {
    add({ lab: { histogram } }) {
      if (reference) distances.push(distance(histogram, reference));
      else first.push(histogram);
      if (first.length === count) reference ??= settle();
    },
    values() {
      reference ??= settle();
      return distances;
    },
  };
}

function meanHistogram(histograms: readonly Float64Array[]): Float64Array {
  const mean = new Float64Array(3 * HISTOGRAM_BINS);
  for (const histogram of histograms) {
    for (let bin = 0; bin < mean.length; bin++) mean[bin] += histogram[bin] / histograms.length;
  }
  return mean;
}

function distance(left: Float64Array, right: Float64Array): number {
  let squares = 0;
  for (let axis = 0; axis < 3; axis++) {
    let ahead = 0; // the difference of the cumulative shares
    let area = 0;
    for (let bin = axis * HISTOGRAM_BINS; bin < (axis + 1) * HISTOGRAM_BINS; bin++) {
      ahead += left[bin] - right[bin];
      area += Math.abs(ahead);
    }
    squares += area ** 2;
  }
  return Math.sqrt(squares);
}
