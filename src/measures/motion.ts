import type { MeasureKind } from './measure.js';

/**
 * How much changes from frame to frame: the mean absolute difference of luma, in levels of 255. It says beside the others
 * whether a video stands still, which flatters measures of consistency. The first frame has none.
 */
export const motion: MeasureKind = {
  ...{ title: 'motion', unit: 'levels of 255', better: 'neither' },
  start() {
    const differences: (number | null)[] = [];
    let previous: Float32Array | undefined;
    return {
      add({ luma }) {
        differences.push(previous ? meanAbsoluteDifference(luma, previous) : null);
        previous = luma;
      },
      values: () => differences,
    };
  },
};

function meanAbsoluteDifference(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += Math.abs(left[at] - right[at]);
  return sum / left.length;
}
