import { ensure } from '../../../errors.js';
import type { LatentScale } from '../../../kernels/channelsLast.js';
import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { VaeConfig } from '../../../weights/config.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { Linear, WeightType } from '../loadTensors.js';
import { loadMiddle, loadResidual, type Middle, type ResidualBlock } from './blocks.js';
import type { Head } from './commonSteps.js';
import { type Conv, VaeLoader } from './vaeLoader.js';

/** The VAE's encoder on a device. Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_, Encoder3d. */
export interface VaeEncoder {
  readonly device: Device;
  readonly config: VaeConfig;
  /** What the DiT's latents are normalised by. */
  readonly latents: LatentScale;
  /** `encoder.conv1` */
  readonly first: Conv;
  readonly downsamples: readonly EncoderLayer[];
  readonly middle: Middle;
  readonly head: Head;
  /** After the encoder: means and log variances of the latents. */
  readonly conv1: Linear;
}

/** Halves height and width, and the frames too where it has a `timeConv`. */
export interface Downsample {
  readonly conv: Conv; // [channels, 3, 3, channels]
  readonly timeConv?: Conv; // [channels, 3, 1, 1, channels]
}

export type EncoderLayer =
  | { readonly kind: 'residual'; readonly block: ResidualBlock }
  | { readonly kind: 'downsample'; readonly downsample: Downsample };

/**
 * Loads the encoder and the pointwise convolution after it.
 * @param source tensors under official names; ones that the encoder does not use are left alone
 * @param dtype how convolutions and matrices are held; biases and gains are always f32
 * @param onTensor called before each tensor is read, with its name
 * @throws TokenTrimError where the checkpoint has no encoder, or a tensor is missing or larger than the device can bind
 */
export async function loadVaeEncoder(
  device: Device,
  source: TensorSource,
  config: VaeConfig,
  dtype: WeightType,
  onTensor?: (name: string) => void,
): Promise<VaeEncoder> {
  ensure(
    ['encoder.conv1.weight', 'conv1.weight'].every((name) => source.has(name)),
    () =>
      `${source.label}: expected a VAE with its encoder, which pictures go in by; found the decoder only. Use the whole ` +
      'VAE: Wan2.1_VAE.pth, or the vae folder of a diffusers checkpoint',
  );
  const load = new VaeLoader(device, source, dtype, onTensor);
  return {
    device,
    config,
    latents: load.latentScale(config),
    first: await load.conv('encoder.conv1'),
    downsamples: await loadDownsamples(load, config),
    middle: await loadMiddle(load, 'encoder.middle'),
    head: { norm: await load.gamma('encoder.head.0'), conv: await load.conv('encoder.head.2') },
    conv1: await load.pointwise('conv1'),
  };
}

/** The layers before the middle: residual blocks, and a downsampling between one width and the next. */
async function loadDownsamples(load: VaeLoader, config: VaeConfig): Promise<EncoderLayer[]> {
  const layers: EncoderLayer[] = [];
  const next = () => `encoder.downsamples.${layers.length}`;
  for (let stage = 0; stage < config.dim_mult.length; stage++) {
    for (let block = 0; block < config.num_res_blocks; block++) {
      layers.push({ kind: 'residual', block: await loadResidual(load, next()) });
    }
    if (stage === config.temperal_downsample.length) break;
    const conv = await load.conv(`${next()}.resample.1`);
    const timeConv = config.temperal_downsample[stage] ? await load.conv(`${next()}.time_conv`) : undefined;
    layers.push({ kind: 'downsample', downsample: { timeConv, conv } });
  }
  return layers;
}

/** Gives the encoder's memory back. */
export function freeVaeEncoder({ latents, first, downsamples, middle, head, conv1 }: VaeEncoder): void {
  disposeAll([latents, first, downsamples, middle, head, conv1]);
}
