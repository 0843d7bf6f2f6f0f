import { conv2d } from '../../../kernels/convolution/conv2d.js';
import { cast } from '../../../kernels/elementwise/cast.js';
import { softClamp } from '../../../kernels/elementwise/elementwise.js';
import { relu } from '../../../kernels/elementwise/relu.js';
import type { LatentScale } from '../../../kernels/layout/channelsLast.js';
import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { Linear, WeightType } from '../loadTensors.js';
import { pointwise } from '../vae/blocks.js';
import { widestOf } from '../vae/steps.js';
import type { Conv } from '../vae/vaeLoader.js';
import { convStep, type MemBlock, memBlockStep } from './memBlock.js';
import { TinyLoader } from './tinyLoader.js';
import type { TinyStep } from './tinyMemory.js';
import type { TinyVaeConfig } from './tinyVaeConfig.js';
import { DECODER_STAGES } from './tinyVaeTensors.js';

/** Three MemBlocks, then more frames of larger pictures. */
interface DecoderStage {
  readonly blocks: readonly MemBlock[];
  /** TGrow: makes `frames` frames of one, side by side in the channels. */
  readonly grow: Linear; // [frames * channels, channels]
  readonly frames: number;
  readonly scale: 1 | 2;
  readonly conv: Conv;
}

/** The decoder of a tiny VAE on a device, in forward order. Source: madebyollin/taehv taehv.py TAEHV. */
export interface TinyDecoder {
  readonly device: Device;
  readonly config: TinyVaeConfig;
  /** Of the identity: latents are taken as the DiT makes them. */
  readonly latents: LatentScale;
  readonly first: Conv;
  readonly stages: readonly DecoderStage[];
  readonly last: Conv;
}

/**
 * Loads the decoder.
 * @param source tensors as the published files name them; the encoder's are left alone
 * @param dtype how convolutions and matrices are held; biases are always f32
 * @param onTensor called before each tensor is read, with its name
 * @throws TokenTrimError where a tensor is missing, or larger than the device can bind
 */
export async function loadTinyDecoder(
  device: Device,
  source: TensorSource,
  config: TinyVaeConfig,
  dtype: WeightType,
  onTensor?: (name: string) => void,
): Promise<TinyDecoder> {
  const load = new TinyLoader(device, source, dtype, onTensor);
  const first = await load.conv('decoder.1');
  const stages: DecoderStage[] = [];
  for (const [stage, module] of DECODER_STAGES.entries()) {
    const frames = config.decoder_time_upscale[stage] ? 2 : 1;
    stages.push({
      blocks: await load.memBlocks('decoder', module),
      grow: await load.lastRows(`decoder.${module + 4}.conv`, frames * config.decoder_widths[stage]),
      frames,
      scale: config.decoder_space_upscale[stage] ? 2 : 1,
      conv: await load.conv(`decoder.${module + 5}`, { bias: false }),
    });
  }
  const last = await load.conv('decoder.22');
  return { device, config, latents: load.identityScale(config.latent_channels), first, stages, last };
}

/** Gives the decoder's memory back. */
export function freeTinyDecoder({ latents, first, stages, last }: TinyDecoder): void {
  disposeAll([latents, first, stages, last]);
}

/** What turns a latent frame [1, height, width, channels] into the channels of pictures; named by module, as upstream counts. */
export function tinyDecoderSteps({ config, first, stages, last }: TinyDecoder): TinyStep[] {
  const [width, , , lastWidth] = config.decoder_widths;
  return [
    { name: 'decoder.0', widest: config.latent_channels, run: (x) => softClamp(x) },
    convStep('decoder.1', first),
    { name: 'decoder.2', widest: width, run: (x) => relu(x) },
    ...stages.flatMap((stage, index) => stageSteps(stage, DECODER_STAGES[index])),
    { name: 'decoder.21', widest: lastWidth, run: (x, { type }) => relu(x, { type }) },
    convStep('decoder.22', last),
  ];
}

/**
 * Upstream enlarges first and then makes frames; repeating pixels and a pointwise layer can change places, and the small
 * picture is less work. So what the step of module `first + 4` makes is upstream's before each pixel is repeated.
 */
function stageSteps({ blocks, grow, frames, scale, conv }: DecoderStage, first: number): TinyStep[] {
  return [
    ...blocks.map((block, index) => memBlockStep(`decoder.${first + index}`, block)),
    { name: `decoder.${first + 4}`, widest: grow.weight.shape[0], run: (x) => pointwise(grow, x) },
    {
      name: `decoder.${first + 5}`,
      widest: Math.max(grow.weight.shape[0], scale * scale * frames * widestOf(conv)),
      scale,
      run: (x, { type }) => conv2d(cast(x, type), conv.weight, conv.bias, { scale, parts: frames }),
    },
  ];
}
