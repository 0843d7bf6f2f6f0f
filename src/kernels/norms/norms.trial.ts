import type { KernelClasses } from '../forms/form.js';
import { type AdapterScale, type KernelTrials, type TrialInputs, trialsOf } from '../forms/trial.js';
import { channelNorm } from './channelNorm.js';
import { modulatedLayerNorm } from './layerNorm.js';
import { rmsNorm } from './rmsNorm.js';
import { rmsNormRope } from './rmsNormRope.js';
import { CHANNEL_NORM_CLASSES, LAYER_NORM_CLASSES, RMS_NORM_CLASSES, RMS_NORM_ROPE_CLASSES } from './rowForm.js';

const EPS = 1e-6;

/** Rows of the width of Wan2.1-1.3B, and of the channels of its VAE. */
const TOKENS: Readonly<Record<AdapterScale, number>> = { processor: 512, card: 8192 };
const WIDTH = 1536;
const HEADS = 12;
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

export const rmsNormRopeTrials = normTrials(RMS_NORM_ROPE_CLASSES, (inputs, adapter) => {
  const tokens = TOKENS[adapter];
  const x = inputs.random([tokens, WIDTH]);
  const weight = inputs.random([WIDTH]);
  const grid = { frames: 1, gridHeight: tokens / 64, gridWidth: 64 };
  const pairs = { temporal: 22, height: 21, width: 21 };
  const entries = inputs.random([pairs.temporal + grid.gridHeight * pairs.height + 64 * pairs.width, 2]);
  return () => rmsNormRope(x, weight, EPS, { ...grid, pairs, entries }, HEADS);
});

export const channelNormTrials = normTrials(CHANNEL_NORM_CLASSES, (inputs, adapter) => {
  const x = inputs.random([PIXELS[adapter], CHANNELS]);
  const gamma = inputs.random([CHANNELS]);
  return () => channelNorm(x, gamma, { silu: true });
});
