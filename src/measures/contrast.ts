import { type MeasureKind, ratio, relativeMeasure } from './measure.js';

/** Contrast as the standard deviation of L* over the picture, as a multiple of that of the first seconds: 1 where nothing changed. */
export const contrast: MeasureKind = {
  ...{ title: 'contrast', unit: 'times', better: 'same' },
  start: (fps) => relativeMeasure(fps, ({ lab }) => lab.lightnessDeviation, ratio),
};
