import { differenceCiede2000 } from 'culori/fn';
import type { Lab } from './labStatistics.js';
import { type MeasureKind, referenceFrames } from './measure.js';

const difference = differenceCiede2000();

/** CIEDE2000 of two colours: 1 is about what the eye just sees, 100 black and white. Source: CIE 142-2001, by culori. */
export const ciede2000 = (left: Lab, right: Lab): number =>
  difference({ mode: 'lab65', ...left }, { mode: 'lab65', ...right });

/**
 * How far the colour of the whole picture has gone: CIEDE2000 between the mean L*, a*, b* of a frame's pixels and those of
 * the first seconds. 0 where nothing changed; it does not see colours that change places.
 */
export const colorDifference: MeasureKind = {
  ...{ title: 'colour difference', unit: 'CIEDE2000', better: 'lower' },
  start(fps) {
    const means: Lab[] = [];
    return {
      add: ({ lab }) => means.push(lab.mean),
      values() {
        const reference = meanColor(means.slice(0, referenceFrames(fps)));
        return means.map((mean) => ciede2000(reference, mean));
      },
    };
  },
};

function meanColor(colors: readonly Lab[]): Lab {
  const mean = (axis: keyof Lab) => colors.reduce((sum, color) => sum + color[axis], 0) / colors.length;
  return { l: mean('l'), a: mean('a'), b: mean('b') };
}
