import { ensure } from '../../../errors.js';
import { conv2d } from '../../../kernels/convolution/conv2d.js';
import { cast } from '../../../kernels/elementwise/cast.js';
import { relu } from '../../../kernels/elementwise/relu.js';
import type { LatentScale } from '../../../kernels/layout/channelsLast.js';
import { concatFrames, sliceFrames } from '../../../kernels/layout/frames.js';
import { joinChannels } from '../../../kernels/layout/joinChannels.js';
import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { Linear, WeightType } from '../loadTensors.js';
import { pointwise } from '../vae/blocks.js';
import type { Conv } from '../vae/vaeLoader.js';
import { convStep, type MemBlock, memBlockStep } from './memBlock.js';
import { TinyLoader } from './tinyLoader.js';
import type { TinyMemory, TinyStep } from './tinyMemory.js';
import type { TinyVaeConfig } from './tinyVaeConfig.js';
import { ENCODER_STAGES } from './tinyVaeTensors.js';

/** Fewer frames of smaller pictures, then three MemBlocks. */
interface EncoderStage {
  readonly pool: Linear; // [channels, frames * channels]
  /** Frames that become one. */
  readonly frames: number;
  readonly conv: Conv;
  readonly blocks: readonly MemBlock[];
}

/** The encoder of a tiny VAE on a device, in forward order. Source: madebyollin/taehv taehv.py TAEHV. */
export interface TinyEncoder {
  readonly device: Device;
  readonly config: TinyVaeConfig;
  /** Of the identity: what it makes is normalised already. */
  readonly latents: LatentScale;
  readonly first: Conv;
  readonly stages: readonly EncoderStage[];
  readonly last: Conv;
}

/**
 * Loads the encoder.
 * @param source tensors as the published files name them; the decoder's are left alone
 * @param dtype how convolutions and matrices are held; biases are always f32
 * @param onTensor called before each tensor is read, with its name
 * @throws TokenTrimError where the file has no encoder, or a tensor is missing or larger than the device can bind
 */
export async function loadTinyEncoder(
  device: Device,
  source: TensorSource,
  config: TinyVaeConfig,
  dtype: WeightType,
  onTensor?: (name: string) => void,
): Promise<TinyEncoder> {
  ensure(
    config.encoder_width !== undefined,
    `${source.label}: expected a tiny VAE with its encoder, which pictures go in by; found the decoder only`,
  );
  const load = new TinyLoader(device, source, dtype, onTensor);
  const first = await load.conv('encoder.0');
  const stages: EncoderStage[] = [];
  for (const [stage, module] of ENCODER_STAGES.entries()) {
    stages.push({
      pool: await load.pointwise(`encoder.${module}.conv`, { bias: false }),
      frames: config.encoder_time_downscale[stage] ? 2 : 1,
      conv: await load.conv(`encoder.${module + 1}`, { bias: false }),
      blocks: await load.memBlocks('encoder', module + 2),
    });
  }
  const last = await load.conv('encoder.17');
  return { device, config, latents: load.identityScale(config.latent_channels), first, stages, last };
}

/** Gives the encoder's memory back. */
export function freeTinyEncoder({ latents, first, stages, last }: TinyEncoder): void {
  disposeAll([latents, first, stages, last]);
}

/** What turns pictures, as channels of patches, into a latent frame; named by module, as upstream counts. */
export function tinyEncoderSteps({ first, stages, last }: TinyEncoder): TinyStep[] {
  const channels = first.weight.shape[0];
  return [
    convStep('encoder.0', first),
    { name: 'encoder.1', widest: channels, run: (x) => relu(x) },
    ...stages.flatMap((stage, index) => stageSteps(stage, channels, ENCODER_STAGES[index])),
    convStep('encoder.17', last),
  ];
}

function stageSteps(stage: EncoderStage, channels: number, first: number): TinyStep[] {
  const { frames, conv, blocks } = stage;
  return [
    {
      name: `encoder.${first}`,
      remembers: { layer: stage, frames, channels },
      widest: frames * channels,
      run: (x, memory) => pool(stage, x, memory),
    },
    {
      name: `encoder.${first + 1}`,
      widest: channels,
      scale: 0.5,
      run: (x, { type }) => conv2d(cast(x, type), conv.weight, conv.bias, { stride: 2, zeros: 'around' }),
    },
    ...blocks.map((block, index) => memBlockStep(`encoder.${first + 2 + index}`, block)),
  ];
}

/** Every `frames` frames as one; those that are not complete yet wait. */
function pool(stage: EncoderStage, x: Tensor, memory: TinyMemory): Tensor | undefined {
  const { device } = x;
  const kept = memory.frames.get(stage) as Tensor;
  const made: Tensor[] = [];
  for (let frame = 0; frame < x.shape[0]; frame++) {
    const waiting = memory.waiting.get(stage) ?? 0;
    device.updateRows(kept, waiting, x, frame, 1);
    memory.waiting.set(stage, (waiting + 1) % stage.frames);
    if (waiting + 1 < stage.frames) continue;
    made.push(device.scope(() => pointwise(stage.pool, sideBySide(kept))));
  }
  return made.length > 1 ? concatFrames(made) : made[0];
}

/** [frames, height, width, channels] as [1, height, width, frames * channels]. */
function sideBySide(frames: Tensor): Tensor {
  const single = Array.from({ length: frames.shape[0] }, (_, frame) => sliceFrames(frames, frame, 1));
  return single.reduce((joined, next) => joinChannels(joined, next));
}
