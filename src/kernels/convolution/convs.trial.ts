import type { DType } from '../../tensor/tensor.js';
import { type AdapterScale, type KernelTrials, type Trial, trialsOf } from '../forms/trial.js';
import { causalConv3d } from './causalConv3d.js';
import { conv2d } from './conv2d.js';
import { CAUSAL_CONV3D_CLASSES, CONV_TYPES, CONV2D_CLASSES, typesName } from './convForm.js';

type Classes = typeof CAUSAL_CONV3D_CLASSES | typeof CONV2D_CLASSES;
type Size = keyof Classes['sizes'];

/** Channels that come out; the VAE's inner layers have 96 and more, its last one 3. */
const OUT_CHANNELS: Readonly<Record<Size, number>> = { 'few channels': 8, 'many channels': 96 };
const IN_CHANNELS = 96;

/** Of what comes out. */
const PICTURE: Readonly<Record<AdapterScale, readonly [height: number, width: number]>> = {
  processor: [24, 40],
  card: [120, 208],
};

/** What is known of the class, made into a problem. */
interface ConvProblem {
  readonly weight: DType;
  readonly input: DType;
  readonly outChannels: number;
  readonly picture: readonly [height: number, width: number];
}

function convTrials(classes: Classes, trial: (problem: ConvProblem) => Trial): KernelTrials {
  return trialsOf(classes, (type, size: Size, adapter) => {
    const types = CONV_TYPES.find((known) => typesName(known) === type) as (typeof CONV_TYPES)[number];
    return trial({ ...types, outChannels: OUT_CHANNELS[size], picture: PICTURE[adapter] });
  });
}

export const causalConv3dTrials = convTrials(CAUSAL_CONV3D_CLASSES, ({ weight, input, outChannels, picture }) => ({
  operations: 2 * 27 * picture[0] * picture[1] * IN_CHANNELS * outChannels,
  prepare: (inputs) => {
    const [x, older, newer] = [1, 2, 3].map(() => inputs.random([1, ...picture, IN_CHANNELS], input));
    const filter = inputs.random([outChannels, 3, 3, 3, IN_CHANNELS], weight);
    const bias = inputs.random([outChannels]);
    return () => causalConv3d(x, [older, newer], filter, bias);
  },
}));

export const conv2dTrials = convTrials(CONV2D_CLASSES, ({ weight, input, outChannels, picture }) => ({
  operations: 2 * 9 * picture[0] * picture[1] * IN_CHANNELS * outChannels,
  prepare: (inputs) => {
    const x = inputs.random([1, picture[0] / 2, picture[1] / 2, IN_CHANNELS], input);
    const filter = inputs.random([outChannels, 3, 3, IN_CHANNELS], weight);
    const bias = inputs.random([outChannels]);
    return () => conv2d(x, filter, bias, { scale: 2 });
  },
}));
