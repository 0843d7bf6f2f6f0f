import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `motionVariance.wgsl`: flow [frames, channels, height, width]. */
export function motionVariance(flow: Values): Values {
  const [, channels, height, width] = flow.shape;
  const variance = ndarray(new Float64Array(height * width), [height, width]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) {
        const { distances, mean } = distancesOf(flow, channel, y, x);
        sum += distances.reduce((squares, distance) => squares + (distance - mean) ** 2, 0) / distances.length;
      }
      variance.set(y, x, sum / channels);
    }
  }
  return variance;
}

/** Float64 twin of `motionVarianceGradient.wgsl`: flow [frames, channels, height, width], variance [height, width] of it. */
export function motionVarianceGradient(flow: Values, variance: Values): Values {
  const [frames, channels, height, width] = flow.shape;
  const gradient = ndarray(new Float64Array(flow.data.length), [frames, channels, height, width]);
  const largest = variance.data.reduce((left, right) => Math.max(left, right), Number.NEGATIVE_INFINITY);
  const peak = variance.data.indexOf(largest); // the first of several
  const [y, x] = [Math.floor(peak / width), peak % width];
  for (let channel = 0; channel < channels; channel++) {
    const { distances, mean } = distancesOf(flow, channel, y, x);
    for (const [frame, distance] of distances.entries()) {
      const slope = (2 * (distance - mean)) / (distances.length * channels);
      const pull = slope * Math.sign(flow.get(frame + 1, channel, y, x) - flow.get(frame, channel, y, x));
      gradient.set(frame + 1, channel, y, x, gradient.get(frame + 1, channel, y, x) + pull);
      gradient.set(frame, channel, y, x, gradient.get(frame, channel, y, x) - pull);
    }
  }
  return gradient;
}

/** How far a value moves from each frame to the next, and the mean of that. */
function distancesOf(flow: Values, channel: number, y: number, x: number): { distances: number[]; mean: number } {
  const distances = Array.from({ length: flow.shape[0] - 1 }, (_, frame) =>
    Math.abs(flow.get(frame + 1, channel, y, x) - flow.get(frame, channel, y, x)),
  );
  return { distances, mean: distances.reduce((sum, distance) => sum + distance, 0) / distances.length };
}
