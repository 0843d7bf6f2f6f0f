import type { LatentScale } from '../../../kernels/layout/channelsLast.js';
import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { VaeConfig } from '../config.js';
import type { Linear, WeightType } from '../loadTensors.js';
import { type Head, loadMiddle, loadStages, type Middle, type StageLayer } from './blocks.js';
import { type Conv, VaeLoader } from './vaeLoader.js';

/** The VAE's decoder on a device, in forward order. Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_, Decoder3d. */
export interface VaeDecoder {
  readonly device: Device;
  readonly config: VaeConfig;
  /** What undoes the normalisation that the DiT's latents are in. */
  readonly latents: LatentScale;
  readonly conv2: Linear;
  readonly conv1: Conv;
  readonly middle: Middle;
  /** A resampling doubles height and width, and the frames too where it has a `timeConv`; it halves the channels. */
  readonly upsamples: readonly StageLayer[];
  readonly head: Head;
}

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
  const overTime = [...config.temperal_downsample].reverse();
  return {
    device,
    config,
    latents: load.latentScale(config),
    conv2: await load.pointwise('conv2'),
    conv1: await load.conv('decoder.conv1'),
    middle: await loadMiddle(load, 'decoder.middle'),
    upsamples: await loadStages(load, 'decoder.upsamples', config.num_res_blocks + 1, overTime),
    head: { norm: await load.gamma('decoder.head.0'), conv: await load.conv('decoder.head.2') },
  };
}

/** Gives the decoder's memory back. */
export function freeVaeDecoder({ latents, conv2, conv1, middle, upsamples, head }: VaeDecoder): void {
  disposeAll([latents, conv2, conv1, middle, upsamples, head]);
}
