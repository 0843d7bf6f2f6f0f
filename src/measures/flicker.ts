import { compensatedDifference } from './blockMatching.js';
import type { MeasureKind } from './measure.js';

/**
 * What changes from frame to frame and is no motion: the mean absolute difference of luma to the frame before, whose blocks
 * may move first, in levels of 255. A picture that grows brighter and darker by d at every frame has d; one that moves as
 * a whole, about 0. Half-pixel motion is followed by interpolation, which leaves something at sharp edges. The first frame
 * has none.
 *
 * The residual itself, and not the plain difference less the residual: that is what motion explains, and 0 for a flat
 * picture however it flickers.
 */
export const flicker: MeasureKind = {
  ...{ title: 'flicker', unit: 'levels of 255', better: 'lower' },
  start() {
    const residuals: (number | null)[] = [];
    let previous: Float32Array | undefined;
    return {
      add({ luma, width, height }) {
        residuals.push(previous ? compensatedDifference(luma, previous, width, height) : null);
        previous = luma;
      },
      values: () => residuals,
    };
  },
};
