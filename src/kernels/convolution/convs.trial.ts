import type { DType } from '../../tensor/tensor.js';
import type { AdapterScale, Trial, TrialsOf } from '../forms/trial.js';
import { causalConv3d } from './causalConv3d.js';
import { conv2d } from './conv2d.js';

/** As the VAE has them: beside weights of 16 bits, pictures of 16. */
const PAIRS = [
  { weight: 'f32', input: 'f32' },
  { weight: 'bf16', input: 'f16' },
  { weight: 'f16', input: 'f16' },
] as const;
const nameOf = ({ weight, input }: (typeof PAIRS)[number]) => `${weight}, input ${input}`;

/** Channels that come out; the VAE's inner layers have 96 and more, its last one 3. */
const OUT_CHANNELS: Readonly<Record<string, number>> = { 'few channels': 8, 'many channels': 96 };
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

function convTrials(kernel: string, trial: (problem: ConvProblem) => Trial): TrialsOf {
  return {
    kernel,
    types: PAIRS.map(nameOf),
    sizes: Object.keys(OUT_CHANNELS),
    of: ({ type, size }, adapter) => {
      const pair = PAIRS.find((known) => nameOf(known) === type);
      const outChannels = OUT_CHANNELS[size];
      return pair && outChannels ? trial({ ...pair, outChannels, picture: PICTURE[adapter] }) : undefined;
    },
  };
}

export const causalConv3dTrials = convTrials('causalConv3d', ({ weight, input, outChannels, picture }) => ({
  operations: 2 * 27 * picture[0] * picture[1] * IN_CHANNELS * outChannels,
  prepare: (inputs) => {
    const [x, older, newer] = [1, 2, 3].map(() => inputs.random([1, ...picture, IN_CHANNELS], input));
    const filter = inputs.random([outChannels, 3, 3, 3, IN_CHANNELS], weight);
    const bias = inputs.random([outChannels]);
    return () => causalConv3d(x, [older, newer], filter, bias);
  },
}));

export const conv2dTrials = convTrials('conv2d', ({ weight, input, outChannels, picture }) => ({
  operations: 2 * 9 * picture[0] * picture[1] * IN_CHANNELS * outChannels,
  prepare: (inputs) => {
    const x = inputs.random([1, picture[0] / 2, picture[1] / 2, IN_CHANNELS], input);
    const filter = inputs.random([outChannels, 3, 3, IN_CHANNELS], weight);
    const bias = inputs.random([outChannels]);
    return () => conv2d(x, filter, bias, { scale: 2 });
  },
}));
