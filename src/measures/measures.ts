import { LATENT_MEASURES } from './latentMeter.js';
import { TOY_MEASURES } from './toy/toyMeasures.js';
import type { MeasureInfo } from './videoMeasures.js';
import { VIDEO_MEASURES } from './videoMeter.js';

/** What is known of every measure, by its name in results, in the order in which tables have them. */
export const MEASURES: Readonly<Record<string, MeasureInfo>> = Object.fromEntries(
  Object.entries<MeasureInfo>({ ...VIDEO_MEASURES, ...TOY_MEASURES, ...LATENT_MEASURES }).map(
    ([name, { title, unit, better }]) => [name, { title, unit, better }],
  ),
);
