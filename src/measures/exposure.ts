import { type MeasureKind, relativeMeasure } from './measure.js';

/** How much brighter the picture is than in the first seconds: the mean of L* less theirs, in units of L* (0 ... 100). */
export const exposure: MeasureKind = {
  ...{ title: 'exposure', unit: 'L* more', better: 'same' },
  start(fps) {
    return relativeMeasure(
      fps,
      ({ lab }) => lab.mean.l,
      (value, reference) => value - reference,
    );
  },
};
