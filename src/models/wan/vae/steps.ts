import { channelNorm } from '../../../kernels/norms/channelNorm.js';
import type { Linear } from '../loadTensors.js';
import { attentionBlock, type Head, type Middle, pointwise, type ResidualBlock, residualBlock } from './blocks.js';
import { type Causal, causalConv, type Histories } from './histories.js';
import type { ChainStep } from './runSteps.js';
import type { Conv } from './vaeLoader.js';

/** A part of the chain that a VAE's half is. */
export interface Step extends Causal, ChainStep<Histories> {}

export function pointwiseStep(name: string, layer: Linear): Step {
  return { name, causal: [], widest: Math.max(...layer.weight.shape), run: (x) => pointwise(layer, x) };
}

export function causalStep(name: string, conv: Conv): Step {
  return { name, causal: [{ conv }], widest: widestOf(conv), run: (x, histories) => causalConv(conv, x, histories) };
}

export function residualStep(name: string, block: ResidualBlock): Step {
  const { conv1, conv2 } = block;
  return {
    name,
    causal: [{ conv: conv1 }, { conv: conv2 }],
    widest: widestOf(conv1),
    run: (x, histories) => residualBlock(block, x, histories),
  };
}

export function middleSteps(half: 'decoder' | 'encoder', [first, attends, last]: Middle): Step[] {
  return [
    residualStep(`${half}.middle0`, first),
    {
      name: `${half}.middle1_attention`,
      causal: [],
      widest: attends.norm.size,
      run: (x) => attentionBlock(attends, x),
    },
    residualStep(`${half}.middle`, last),
  ];
}

export function headStep(name: string, { norm, conv }: Head): Step {
  return {
    name,
    causal: [{ conv }],
    widest: widestOf(conv),
    run: (x, histories) => causalConv(conv, channelNorm(x, norm, { silu: true, type: histories.type }), histories),
  };
}

/** Channels of a convolution's input or output, whichever are more. */
export function widestOf({ weight: { shape } }: Conv): number {
  return Math.max(shape[0], shape[shape.length - 1]);
}
