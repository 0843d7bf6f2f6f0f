import type { LatentScale } from '../../../kernels/channelsLast.js';
import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { VaeConfig } from '../../../weights/config.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { Linear, WeightType } from '../loadTensors.js';
import { type Conv, VaeLoader } from './vaeLoader.js';

/** The VAE's decoder on a device, in forward order. Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_, Decoder3d. */
export interface VaeDecoder {
  readonly device: Device;
  readonly config: VaeConfig;
  /** What undoes the normalisation that the DiT's latents are in. */
  readonly latents: LatentScale;
  readonly conv2: Linear;
  readonly conv1: Conv;
  readonly middle: readonly [ResidualBlock, AttentionBlock, ResidualBlock];
  readonly upsamples: readonly DecoderLayer[];
  readonly head: { readonly norm: Tensor; readonly conv: Conv };
}

export interface ResidualBlock {
  readonly norm1: Tensor; // [inChannels]
  readonly conv1: Conv;
  readonly norm2: Tensor; // [outChannels]
  readonly conv2: Conv;
  /** Where the block changes the number of channels. */
  readonly shortcut?: Linear;
}

export interface AttentionBlock {
  readonly norm: Tensor; // [channels]
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly proj: Linear;
}

/** Doubles height and width, and the frames too where it has a `timeConv`; halves the channels. */
export interface Upsample {
  readonly timeConv?: Conv; // [2 * channels, 3, 1, 1, channels]
  readonly conv: Conv; // [channels / 2, 3, 3, channels]
}

export type DecoderLayer =
  | { readonly kind: 'residual'; readonly block: ResidualBlock }
  | { readonly kind: 'upsample'; readonly upsample: Upsample };

/**
 * Loads the decoder and the pointwise convolution before it.
 * @param source tensors under official names; ones that the decoder does not use are left alone
 * @param dtype how convolutions and matrices are held; biases and gains are always f32
 * @param onTensor called before each tensor is read, with its name
 * @throws TokenTrimError where a tensor is missing, or larger than the device can bind
 */
export async function loadVaeDecoder(
  device: Device,
  source: TensorSource,
  config: VaeConfig,
  dtype: WeightType,
  onTensor?: (name: string) => void,
): Promise<VaeDecoder> {
  const load = new VaeLoader(device, source, dtype, onTensor);
  const constants = (values: readonly number[]) => device.upload(Float32Array.from(values), [values.length]);
  return {
    device,
    config,
    latents: { mean: constants(config.latents_mean), std: constants(config.latents_std) },
    conv2: await load.pointwise('conv2'),
    conv1: await load.conv('decoder.conv1'),
    middle: [
      await loadResidual(load, 'decoder.middle.0'),
      await loadAttention(load, 'decoder.middle.1'),
      await loadResidual(load, 'decoder.middle.2'),
    ],
    upsamples: await loadUpsamples(load, config),
    head: { norm: await load.gamma('decoder.head.0'), conv: await load.conv('decoder.head.2') },
  };
}

/** The layers between middle and head: residual blocks, and an upsampling between one width and the next. */
async function loadUpsamples(load: VaeLoader, config: VaeConfig): Promise<DecoderLayer[]> {
  const layers: DecoderLayer[] = [];
  const next = () => `decoder.upsamples.${layers.length}`;
  const upsamplesTime = [...config.temperal_downsample].reverse();
  for (let stage = 0; stage < config.dim_mult.length; stage++) {
    for (let block = 0; block <= config.num_res_blocks; block++) {
      layers.push({ kind: 'residual', block: await loadResidual(load, next()) });
    }
    if (stage === upsamplesTime.length) break;
    const conv = await load.conv(`${next()}.resample.1`);
    const timeConv = upsamplesTime[stage] ? await load.conv(`${next()}.time_conv`) : undefined;
    layers.push({ kind: 'upsample', upsample: { timeConv, conv } });
  }
  return layers;
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

async function loadAttention(load: VaeLoader, name: string): Promise<AttentionBlock> {
  const norm = await load.gamma(`${name}.norm`);
  const [query, key, value] = await load.split(`${name}.to_qkv`, 3);
  return { norm, query, key, value, proj: await load.pointwise(`${name}.proj`) };
}

/** Gives the decoder's memory back. */
export function freeVaeDecoder({ latents, conv2, conv1, middle, upsamples, head }: VaeDecoder): void {
  disposeAll([latents, conv2, conv1, middle, upsamples, head]);
}
