import { attention } from '../../../kernels/attention/attention.js';
import { add } from '../../../kernels/elementwise/elementwise.js';
import { updateSum } from '../../../kernels/elementwise/updateSum.js';
import { linear } from '../../../kernels/linear/linear.js';
import { channelNorm } from '../../../kernels/norms/channelNorm.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Linear } from '../loadTensors.js';
import { causalConv, type Histories } from './histories.js';
import type { Conv, VaeLoader } from './vaeLoader.js';

/** Source: Wan-Video/Wan2.1 wan/modules/vae.py ResidualBlock. */
export interface ResidualBlock {
  readonly norm1: Tensor; // [inChannels]
  readonly conv1: Conv;
  readonly norm2: Tensor; // [outChannels]
  readonly conv2: Conv;
  /** Where the block changes the number of channels. */
  readonly shortcut?: Linear;
}

/** Source: Wan-Video/Wan2.1 wan/modules/vae.py AttentionBlock. */
export interface AttentionBlock {
  readonly norm: Tensor; // [channels]
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly proj: Linear;
}

/** What stands between the two halves of the chain: at the decoder's start, at the encoder's end. */
export type Middle = readonly [ResidualBlock, AttentionBlock, ResidualBlock];

/** What changes the size of pictures between two stages. Source: Wan-Video/Wan2.1 wan/modules/vae.py Resample. */
export interface Resample {
  readonly conv: Conv; // [channels, half as many in the decoder, 3, 3, channels]
  /** Where the number of frames changes too. */
  readonly timeConv?: Conv; // [channels, twice as many in the decoder, 3, 1, 1, channels]
}

/** A layer of a chain of stages. */
export type StageLayer =
  | { readonly kind: 'residual'; readonly block: ResidualBlock }
  | { readonly kind: 'resample'; readonly resample: Resample };

/** Norm, SiLU and the last causal convolution. */
export interface Head {
  readonly norm: Tensor; // [channels]
  readonly conv: Conv;
}

async function loadResidual(load: VaeLoader, name: string): Promise<ResidualBlock> {
  return {
    norm1: await load.gamma(`${name}.residual.0`),
    conv1: await load.conv(`${name}.residual.2`),
    norm2: await load.gamma(`${name}.residual.3`),
    conv2: await load.conv(`${name}.residual.6`),
    shortcut: load.source.has(`${name}.shortcut.weight`) ? await load.pointwise(`${name}.shortcut`) : undefined,
  };
}

export async function loadMiddle(load: VaeLoader, name: string): Promise<Middle> {
  const first = await loadResidual(load, `${name}.0`);
  const norm = await load.gamma(`${name}.1.norm`);
  const [query, key, value] = await load.split(`${name}.1.to_qkv`, 3);
  const attends = { norm, query, key, value, proj: await load.pointwise(`${name}.1.proj`) };
  return [first, attends, await loadResidual(load, `${name}.2`)];
}

/**
 * The layers of a chain of stages, one for each width: residual blocks, and a resampling between one width and the next.
 * @param name of the list that holds them, which counts through all stages
 * @param blocks residual blocks in a stage
 * @param overTime which of the resamplings change the number of frames; there is one less than there are stages
 */
export async function loadStages(
  load: VaeLoader,
  name: string,
  blocks: number,
  overTime: readonly boolean[],
): Promise<StageLayer[]> {
  const layers: StageLayer[] = [];
  const next = () => `${name}.${layers.length}`;
  for (let stage = 0; stage <= overTime.length; stage++) {
    for (let block = 0; block < blocks; block++) {
      layers.push({ kind: 'residual', block: await loadResidual(load, next()) });
    }
    if (stage === overTime.length) break;
    const conv = await load.conv(`${next()}.resample.1`);
    const timeConv = overTime[stage] ? await load.conv(`${next()}.time_conv`) : undefined;
    layers.push({ kind: 'resample', resample: { conv, timeConv } });
  }
  return layers;
}

/**
 * Norm, SiLU and a causal convolution, twice, around a shortcut. Beside `x` it holds one input of a convolution, in the
 * histories' type, and one result at a time; each is freed as soon as it has been read.
 */
export function residualBlock(block: ResidualBlock, x: Tensor, histories: Histories): Tensor {
  const { norm1, conv1, norm2, conv2, shortcut } = block;
  const { device } = x;
  const { type } = histories;
  const residual = device.scope(() => {
    const normed = device.scope(() => {
      const hidden = device.scope(() => causalConv(conv1, channelNorm(x, norm1, { silu: true, type }), histories));
      return channelNorm(hidden, norm2, { silu: true, type });
    });
    return causalConv(conv2, normed, histories);
  });
  updateSum(residual, shortcut ? pointwise(shortcut, x) : x);
  return residual;
}

/** Every pixel of a frame attends to all of that frame; x holds one frame. */
export function attentionBlock({ norm, query, key, value, proj }: AttentionBlock, x: Tensor): Tensor {
  const normed = channelNorm(x, norm);
  const own = { keys: rowsOf(pointwise(key, normed)), values: rowsOf(pointwise(value, normed)) };
  const attended = attention(rowsOf(pointwise(query, normed)), { own }, 1); // [height * width, channels]
  return add(pointwise(proj, attended.reshape(...x.shape)), x);
}

/** A linear layer over the channels of every pixel. */
export function pointwise(layer: Linear, x: Tensor): Tensor {
  return linear(rowsOf(x), layer.weight, layer.bias).reshape(...x.shape.slice(0, -1), layer.weight.shape[0]);
}

/** [..., channels] as [pixels, channels]. */
function rowsOf(x: Tensor): Tensor {
  const channels = x.shape[x.shape.length - 1];
  return x.reshape(x.size / channels, channels);
}
