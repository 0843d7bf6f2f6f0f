import { ensure } from '../../../errors.js';
import type { LatentScale } from '../../../kernels/layout/channelsLast.js';
import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { VaeConfig } from '../config.js';
import type { Linear, WeightType } from '../loadTensors.js';
import { type Head, loadMiddle, loadStages, type Middle, type StageLayer } from './blocks.js';
import { type Conv, VaeLoader } from './vaeLoader.js';

/** The VAE's encoder on a device. Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_, Encoder3d. */
export interface VaeEncoder {
  readonly device: Device;
  readonly config: VaeConfig;
  /** What the DiT's latents are normalised by. */
  readonly latents: LatentScale;
  /** `encoder.conv1` */
  readonly first: Conv;
  /** A resampling halves height and width, and the frames too where it has a `timeConv`. */
  readonly downsamples: readonly StageLayer[];
  readonly middle: Middle;
  readonly head: Head;
  /** After the encoder: means and log variances of the latents. */
  readonly conv1: Linear;
}

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
    downsamples: await loadStages(load, 'encoder.downsamples', config.num_res_blocks, config.temperal_downsample),
    middle: await loadMiddle(load, 'encoder.middle'),
    head: { norm: await load.gamma('encoder.head.0'), conv: await load.conv('encoder.head.2') },
    conv1: await load.pointwise('conv1'),
  };
}

/** Gives the encoder's memory back. */
export function freeVaeEncoder({ latents, first, downsamples, middle, head, conv1 }: VaeEncoder): void {
  disposeAll([latents, first, downsamples, middle, head, conv1]);
}
