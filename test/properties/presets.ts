import { rollingForcing } from '../../src/pipelines/rollingForcing.js';
import { selfForcing } from '../../src/pipelines/selfForcing.js';
import { TINY_ROLLING_FORCING, TINY_SELF_FORCING } from '../support/tinyModel.js';

/** Both rollouts with the options of their tiny presets: what holds for one mostly holds for the other. */
export const PRESETS = [
  { preset: 'Self Forcing', run: selfForcing, options: TINY_SELF_FORCING },
  { preset: 'Rolling Forcing', run: rollingForcing, options: TINY_ROLLING_FORCING },
] as const;

export type Run = (typeof PRESETS)[number]['run'];
