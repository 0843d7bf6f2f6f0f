import { attention } from '../../src/kernels/attention/attention.js';
import { causalConv3d } from '../../src/kernels/convolution/causalConv3d.js';
import { conv2d } from '../../src/kernels/convolution/conv2d.js';
import { add } from '../../src/kernels/elementwise/elementwise.js';
import { channelsFirst } from '../../src/kernels/layout/channelsFirst.js';
import { channelsLast } from '../../src/kernels/layout/channelsLast.js';
import { concatFrames, sliceFrames } from '../../src/kernels/layout/frames.js';
import { linear } from '../../src/kernels/linear/linear.js';
import { channelNorm } from '../../src/kernels/norms/channelNorm.js';
import { vaeDecoderTensors, vaeEncoderTensors } from '../../src/models/wan/checkpoint/expectedTensors.js';
import type { VaeConfig } from '../../src/models/wan/config.js';
import type { Linear, WeightType } from '../../src/models/wan/loadTensors.js';
import type { AttentionBlock, Middle, Resample, ResidualBlock } from '../../src/models/wan/vae/blocks.js';
import { loadVaeDecoder, type VaeDecoder } from '../../src/models/wan/vae/decoderWeights.js';
import { loadVaeEncoder, type VaeEncoder } from '../../src/models/wan/vae/encoderWeights.js';
import type { Conv } from '../../src/models/wan/vae/vaeLoader.js';
import type { Device } from '../../src/tensor/device.js';
import { elementCount } from '../../src/tensor/shape.js';
import { float32ToHalf, halfToFloat32 } from '../../src/tensor/sixteenBit.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { MemorySource } from '../support/memorySource.js';
import { normal } from '../support/twins.js';

/** Wan's stages, so that a latent frame becomes four, but few enough channels to decode in milliseconds. */
export const TINY_VAE: VaeConfig = {
  dim: 4,
  z_dim: 4,
  dim_mult: [1, 2, 2, 2],
  num_res_blocks: 0,
  attn_scales: [],
  temperal_downsample: [false, true, true],
  latents_mean: [0.5, -1, 0.25, 0],
  latents_std: [2, 1.5, 0.5, 1],
};

/** An encoder changes its widths in residual blocks, so it has at least one a stage. */
export const TINY_ENCODER: VaeConfig = { ...TINY_VAE, num_res_blocks: 1 };

/**
 * Weights as the reference cases draw them: N(0, 1 / fan in), biases a tenth, gains around 1. Rounded to f16, so that
 * they are the same weights in f16 and in f32.
 */
export function tinyWeights(config: VaeConfig, seed: number, half = vaeDecoderTensors): MemorySource {
  const tensors = [...half(config)].map(([name, shape], index) => {
    const values = normal(seed + index, elementCount(shape));
    const fanIn = elementCount(shape.slice(1));
    const scaled = name.endsWith('gamma')
      ? values.map((value) => 1 + 0.2 * value)
      : values.map((value) => (name.endsWith('bias') ? 0.1 * value : value * fanIn ** -0.5));
    return [name, { shape, values: halfToFloat32(float32ToHalf(scaled)) }] as const;
  });
  return new MemorySource(Object.fromEntries(tensors));
}

export function tinyDecoder(on: Device, seed = 1, weightType: WeightType = 'f32'): Promise<VaeDecoder> {
  return loadVaeDecoder(on, tinyWeights(TINY_VAE, seed), TINY_VAE, weightType);
}

export function tinyEncoder(on: Device, seed = 1, weightType: WeightType = 'f32'): Promise<VaeEncoder> {
  return loadVaeEncoder(on, tinyWeights(TINY_ENCODER, seed, vaeEncoderTensors), TINY_ENCODER, weightType);
}

/**
 * The decoder over all latent frames at once, without histories: every causal convolution with zeros in front, the
 * first frame of each temporal upsampling apart. As reference-semantics states it; shares only kernels with the stream.
 */
export function decodeWhole(decoder: VaeDecoder, latents: Tensor): Tensor {
  const { conv1, conv2, upsamples, head } = decoder;
  let x = causal(conv1, pointwise(conv2, channelsLast(latents, decoder.latents)));
  x = middle(decoder.middle, x);
  for (const layer of upsamples) {
    x = layer.kind === 'residual' ? residual(layer.block, x) : enlarge(layer.resample, x);
  }
  return causal(head.conv, channelNorm(x, head.norm, { silu: true }));
}

/** The encoder over all pictures at once, in the same way: windows of three frames with stride two, after the first. */
export function encodeWhole(encoder: VaeEncoder, pixels: Tensor): Tensor {
  const { first, downsamples, head, conv1 } = encoder;
  let x = causal(first, pixels);
  for (const layer of downsamples) {
    x = layer.kind === 'residual' ? residual(layer.block, x) : shrink(layer.resample, x);
  }
  x = middle(encoder.middle, x);
  return channelsFirst(pointwise(conv1, causal(head.conv, channelNorm(x, head.norm, { silu: true }))), encoder.latents);
}

function causal(conv: Conv, x: Tensor): Tensor {
  const zeros = x.device.zeros([1, ...x.shape.slice(1)]);
  return causalConv3d(x, [zeros, zeros], conv.weight, conv.bias);
}

function middle([first, attends, last]: Middle, x: Tensor): Tensor {
  return residual(last, attention2d(attends, residual(first, x)));
}

function attention2d({ norm, query, key, value, proj }: AttentionBlock, x: Tensor): Tensor {
  const frames = Array.from({ length: x.shape[0] }, (_, frame) => {
    const normed = channelNorm(sliceFrames(x, frame, 1), norm);
    const [q, keys, values] = [query, key, value].map((layer) => rows(pointwise(layer, normed)));
    return attention(q, { own: { keys, values } }, 1).reshape(...normed.shape);
  });
  return add(pointwise(proj, concatFrames(frames)), x);
}

function residual({ norm1, conv1, norm2, conv2, shortcut }: ResidualBlock, x: Tensor): Tensor {
  const hidden = causal(conv1, channelNorm(x, norm1, { silu: true }));
  const y = causal(conv2, channelNorm(hidden, norm2, { silu: true }));
  return add(y, shortcut ? pointwise(shortcut, x) : x);
}

function enlarge({ timeConv, conv }: Resample, x: Tensor): Tensor {
  const first = timeConv ? sliceFrames(x, 0, 1) : x;
  const start = conv2d(first, conv.weight, conv.bias, { scale: 2 });
  if (!timeConv || x.shape[0] === 1) return start;
  const doubled = causal(timeConv, sliceFrames(x, 1, x.shape[0] - 1));
  return concatFrames([start, conv2d(doubled, conv.weight, conv.bias, { scale: 2, parts: 2 })]);
}

function shrink({ timeConv, conv }: Resample, x: Tensor): Tensor {
  const smaller = conv2d(x, conv.weight, conv.bias, { stride: 2 });
  if (!timeConv) return smaller;
  const frames = [sliceFrames(smaller, 0, 1)];
  for (let last = 2; last < smaller.shape[0]; last += 2) {
    const window = [last - 2, last - 1, last].map((frame) => sliceFrames(smaller, frame, 1));
    frames.push(causalConv3d(window[2], [window[0], window[1]], timeConv.weight, timeConv.bias));
  }
  return concatFrames(frames);
}

function pointwise(layer: Linear, x: Tensor): Tensor {
  return linear(rows(x), layer.weight, layer.bias).reshape(...x.shape.slice(0, -1), layer.weight.shape[0]);
}

function rows(x: Tensor): Tensor {
  return x.reshape(x.size / x.shape[x.shape.length - 1], x.shape[x.shape.length - 1]);
}
