import type { KernelClasses } from '../forms/form.js';
import { type AdapterScale, type KernelTrials, type TrialInputs, trialsOf } from '../forms/trial.js';
import { channelNorm } from './channelNorm.js';
import { modulatedLayerNorm } from './layerNorm.js';
import { rmsNorm } from './rmsNorm.js';
import { CHANNEL_NORM_CLASSES, LAYER_NORM_CLASSES, RMS_NORM_CLASSES } from './rowForm.js';

const EPS = 1e-6;

/** Rows of the width of Wan2.1-1.3B, and of the channels of its VAE. */
const TOKENS: Readonly<Record<AdapterScale, number>> = { processor: 512, card: 8192 };
const WIDTH = 1536;
const PIXELS: Readonly<Record<AdapterScale, number>> = { processor: 8192, card: 131072 };
const CHANNELS = 96;

function normTrials(
  classes: KernelClasses,
  prepare: (inputs: TrialInputs, adapter: AdapterScale) => () => void,
): KernelTrials {
  return trialsOf(classes, (_type, _size, adapter) => ({ prepare: (inputs) => prepare(inputs, adapter) }));
}

export const layerNormTrials = normTrials(LAYER_NORM_CLASSES, (inputs, adapter) => {
  const x = inputs.random([TOKENS[adapter], WIDTH]);
  const modulation = inputs.random([1, 2, WIDTH]);
  return () => modulatedLayerNorm(x, modulation, { shift: 0, scale: 1 }, EPS);
});

export const rmsNormTrials = normTrials(RMS_NORM_CLASSES, (inputs, adapter) => {
  const x = inputs.random([TOKENS[adapter], WIDTH]);
  const weight = inputs.random([WIDTH]);
  return () => rmsNorm(x, weight, EPS);
});

export const channelNormTrials = normTrials(CHANNEL_NORM_CLASSES, (inputs, adapter) => {
  const x = inputs.random([PIXELS[adapter], CHANNELS]);
  const gamma = inputs.random([CHANNELS]);
  return () => channelNorm(x, gamma, { silu: true });
});
