import type { LatentScale } from '../../../kernels/channelsLast.js';
import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { VaeConfig } from '../../../weights/config.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { Linear, WeightType } from '../loadTensors.js';
import { loadMiddle, loadResidual, type Middle, type ResidualBlock } from './blocks.js';
import type { Head } from './commonSteps.js';
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
  readonly upsamples: readonly DecoderLayer[];
  readonly head: Head;
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
  return {
    device,
    config,
    latents: load.latentScale(config),
    conv2: await load.pointwise('conv2'),
    conv1: await load.conv('decoder.conv1'),
    middle: await loadMiddle(load, 'decoder.middle'),
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

/** Gives the decoder's memory back. */
export function freeVaeDecoder({ latents, conv2, conv1, middle, upsamples, head }: VaeDecoder): void {
  disposeAll([latents, conv2, conv1, middle, upsamples, head]);
}
