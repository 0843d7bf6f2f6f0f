import { ensure } from '../errors.js';
import { type FrameSink, openFrameSink } from '../media/frameSink.js';
import { fileNoise } from '../pipelines/fileNoise.js';
import type { GenerateRequest } from '../pipelines/generate.js';
import type { NoiseSource } from '../pipelines/noise.js';
import { type Plan, type PlanRequest, planRollout, vaeFactors } from '../pipelines/plan.js';
import { recordNoise } from '../pipelines/recordNoise.js';
import { seededNoise } from '../pipelines/seededNoise.js';
import type { Device } from '../tensor/device.js';
import { openDevice } from '../tensor/openDevice.js';
import { GrowingSafetensors } from '../weights/growingSafetensors.js';
import { type ModelFolder, openModelFolder } from '../weights/modelFolder.js';
import { openTensorSource } from '../weights/source.js';
import type { TensorSource } from '../weights/tensorSource.js';
import type { GenerateFlags } from './generateCommand.js';

/** All that `tokentrim generate` needs, opened and checked: what can be refused is refused before anything is generated. */
export interface Run {
  readonly folder: ModelFolder;
  readonly device: Device;
  readonly plan: Plan;
  readonly request: GenerateRequest;
  readonly fps: number;
  readonly sink: FrameSink;
  readonly latents: GrowingSafetensors | undefined;
  /** Gives the recordings their names. */
  finish(): Promise<void>;
  /** Gives back what is still open; after `finish` nothing that was written is lost. */
  close(): Promise<void>;
}

export async function openRun(prompt: string, flags: GenerateFlags): Promise<Run> {
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const giveBack of opened.splice(0).reverse()) await giveBack();
  };
  const files: GrowingSafetensors[] = [];
  const create = async (path: string, maxTensors: number) => {
    const file = await GrowingSafetensors.create(path, maxTensors);
    opened.push(() => file.abandon());
    files.push(file);
    return file;
  };
  try {
    const folder = await openModelFolder(flags.model);
    opened.push(() => folder.close());
    const recording = flags.noise === undefined ? undefined : await openTensorSource(flags.noise);
    if (recording) opened.push(() => recording.close());
    const planRequest = completeRequest(folder, flags, recording);
    const plan = planRollout(folder.config, planRequest);
    const frameShape = [folder.config.transformer.in_dim, plan.latent.height, plan.latent.width];
    const newNoise = (): NoiseSource =>
      recording
        ? fileNoise(recording, frameShape, plan.frames)
        : seededNoise(
            flags.seed,
            plan.frames,
            frameShape.reduce((count, size) => count * size, 1),
          );
    const plainNoise = newNoise();

    const fps = flags.fps ?? folder.config.sampling.fps;
    const device = await openDevice({ adapter: flags.adapter, profile: flags.profile });
    opened.push(async () => device.close());
    const sink = await openFrameSink(flags.out, { width: plan.pixel.width, height: plan.pixel.height, fps });
    opened.push(() => sink.abort());
    const latents = flags.saveLatents === undefined ? undefined : await create(flags.saveLatents, 1);
    latents?.begin('latents', frameShape, true);
    const noise =
      flags.saveNoise === undefined
        ? plainNoise
        : await recordNoise(plainNoise, newNoise(), await create(flags.saveNoise, 1 + mostDraws(plan, flags)), {
            frames: plan.frames,
            framesPerBlock: plan.framesPerBlock,
            frameShape,
          });

    const request: GenerateRequest = {
      ...planRequest,
      prompt,
      trim: flags.trim && {
        fraction: flags.trimFraction,
        sensitivity: flags.trimSensitivity,
        warmup: flags.trimWarmup,
        maxRegenerations: flags.trimAttempts,
        check: flags.trimCheck,
      },
      dtype: flags.dtype === 'auto' ? undefined : flags.dtype,
      noise: () => noise,
    };
    const finish = async () => {
      for (const file of files) await file.close({ format: 'pt', prompt, seed: flags.seed, preset: plan.preset });
    };
    return { folder, device, plan, request, fps, sink, latents, finish, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The flags as a request; a noise recording says how many frames of which size it is for where the flags do not. */
function completeRequest({ config }: ModelFolder, flags: GenerateFlags, recording?: TensorSource): PlanRequest {
  const { preset, steps, shift, window, sink, blockFrames: framesPerBlock, contextNoise } = flags;
  let { frames, width, height } = flags;
  if (recording) {
    ensure(
      recording.has('noise'),
      `${recording.label}: expected a tensor "noise" [1, frames, channels, height, width]`,
    );
    const [latentFrames, , latentHeight, latentWidth] = recording.info('noise').shape.slice(-4);
    const { spatial, temporal } = vaeFactors(config);
    frames ??= 1 + (latentFrames - 1) * temporal;
    width ??= latentWidth * spatial;
    height ??= latentHeight * spatial;
  }
  return { preset, frames, width, height, steps, shift, window, sink, framesPerBlock, contextNoise };
}

/** Most re-noising draws that a run can make, all allowed interventions included. */
function mostDraws(plan: Plan, flags: GenerateFlags): number {
  const blocks = plan.frames / plan.framesPerBlock;
  const attempts = flags.trim ? 1 + flags.trimAttempts : 1;
  return plan.preset === 'rolling-forcing'
    ? (blocks + plan.steps.length) * plan.steps.length
    : blocks * plan.steps.length * attempts;
}
