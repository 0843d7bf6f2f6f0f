import { rmSync, statSync } from 'node:fs';
import { ensure } from '../errors.js';
import { type FrameSink, openFrameSink } from '../media/frameSink.js';
import { checkMemory } from '../pipelines/checkMemory.js';
import { fileNoise, recordedGrid } from '../pipelines/fileNoise.js';
import type { GenerateRequest } from '../pipelines/generate.js';
import type { NoiseSource } from '../pipelines/noise.js';
import { type Plan, type PlanRequest, plannedDraws, planRollout, vaeFactors } from '../pipelines/plan.js';
import { recordNoise } from '../pipelines/recordNoise.js';
import { seededNoise } from '../pipelines/seededNoise.js';
import type { Device } from '../tensor/device.js';
import { openDevice } from '../tensor/openDevice.js';
import { GrowingSafetensors } from '../weights/growingSafetensors.js';
import { type ModelFolder, openModelFolder } from '../weights/modelFolder.js';
import { openTensorSource } from '../weights/source.js';
import type { TensorSource } from '../weights/tensorSource.js';
import { checkPaths } from './checkPaths.js';
import type { GenerateFlags } from './generateFlags.js';

/** All that `tokentrim generate` needs, opened and checked: what can be refused is refused before anything is generated. */
export interface Run {
  readonly folder: ModelFolder;
  readonly device: Device;
  readonly plan: Plan;
  readonly request: GenerateRequest;
  readonly fps: number;
  readonly sink: FrameSink;
  readonly latents: GrowingSafetensors | undefined;
  /** Completes the video and the recordings with what they hold. */
  finish(): Promise<void>;
  /** Gives back what is still open; what was not finished is removed, except frames that are in the video. */
  close(): Promise<void>;
  /** Removes what was not finished, for a process that ends at once. */
  discard(): void;
}

type Closers = (() => Promise<void>)[];

export async function openRun(prompt: string, flags: GenerateFlags): Promise<Run> {
  ensure(prompt.trim() !== '', 'the prompt is empty: say what to show, such as "a red circle on a navy background"');
  const opened: Closers = [];
  const close = async () => {
    for (const giveBack of opened.splice(0).reverse()) await giveBack();
  };
  try {
    const folder = await openModelFolder(flags.model);
    opened.push(() => folder.close());
    await checkPaths(flags, folder);
    const recording = flags.noise === undefined ? undefined : await openTensorSource(flags.noise);
    if (recording) opened.push(() => recording.close());
    const planRequest = completeRequest(folder, flags, recording);
    const plan = planRollout(folder.config, planRequest);
    const device = await openDevice({ adapter: flags.adapter, profile: flags.profile });
    opened.push(async () => device.close());
    checkMemory(device, folder.config, plan);

    const { latents, noise, files } = await openRecordings(prompt, flags, folder, plan, recording, opened);
    const fps = flags.fps ?? folder.config.sampling.fps;
    const sink = await openFrameSink(flags.out, { width: plan.pixel.width, height: plan.pixel.height, fps });
    opened.push(() => sink.abort());

    const finish = async () => {
      const results = await Promise.allSettled([sink.close(), ...files.map((file) => file.close())]);
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    };
    const discard = () => {
      for (const { temporaryPath } of files) rmSync(temporaryPath, { force: true });
      const video = statSync(sink.path, { throwIfNoEntry: false });
      if (video?.isFile() && video.size === 0) rmSync(sink.path);
    };
    const request = { ...planRequest, ...choices(prompt, flags), noise };
    return { folder, device, plan, request, fps, sink, latents, finish, close, discard };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The noise of a run, read from a file, written to one or neither, and the file for its latents. */
async function openRecordings(
  prompt: string,
  flags: GenerateFlags,
  { config }: ModelFolder,
  plan: Plan,
  recording: TensorSource | undefined,
  opened: Closers,
) {
  const frameShape = [config.transformer.in_dim, plan.latent.height, plan.latent.width];
  const frameSize = frameShape.reduce((count, size) => count * size, 1);
  const newNoise = (): NoiseSource =>
    recording
      ? fileNoise(recording, frameShape, plan.frames, plannedDraws(plan))
      : seededNoise(flags.seed, plan.frames, frameSize);
  const plainNoise = newNoise(); // refuses a recording that does not fit before any file is made

  const metadata = { format: 'pt', prompt, preset: plan.preset, ...(recording ? {} : { seed: flags.seed }) };
  const files: GrowingSafetensors[] = [];
  const create = async (path: string | undefined, maxTensors: number) => {
    if (path === undefined) return undefined;
    const file = await GrowingSafetensors.create(path, maxTensors, metadata);
    opened.push(() => file.abandon());
    files.push(file);
    return file;
  };
  const latents = await create(flags.saveLatents, 1);
  latents?.begin('latents', frameShape, true);
  const noiseFile = await create(flags.saveNoise, mostTensors(plan, flags));
  const noise = () =>
    noiseFile ? recordNoise(plainNoise, newNoise(), noiseFile, { ...plan, frameShape }) : plainNoise;
  return { latents, noise, files };
}

/** The flags as a request; a noise recording says how many frames of which size it is for where the flags do not. */
function completeRequest({ config }: ModelFolder, flags: GenerateFlags, recording?: TensorSource): PlanRequest {
  const { preset, steps, shift, window, sink, blockFrames: framesPerBlock, contextNoise } = flags;
  let { frames, width, height } = flags;
  if (recording) {
    const recorded = recordedGrid(recording);
    const { spatial, temporal } = vaeFactors(config);
    frames ??= 1 + (recorded.frames - 1) * temporal;
    width ??= recorded.width * spatial;
    height ??= recorded.height * spatial;
  }
  return { preset, frames, width, height, steps, shift, window, sink, framesPerBlock, contextNoise };
}

function choices(prompt: string, flags: GenerateFlags): Pick<GenerateRequest, 'prompt' | 'trim' | 'dtype'> {
  const trim = flags.trim && {
    fraction: flags.trimFraction,
    sensitivity: flags.trimSensitivity,
    warmup: flags.trimWarmup,
    maxRegenerations: flags.trimAttempts,
    check: flags.trimCheck,
  };
  return { prompt, trim, dtype: flags.dtype === 'auto' ? undefined : flags.dtype };
}

/** Most tensors of a noise recording: the initial noise, and every draw of a run in which all that may trigger does. */
function mostTensors(plan: Plan, flags: GenerateFlags): number {
  const attempts = flags.trim && plan.preset === 'self-forcing' ? 1 + flags.trimAttempts : 1;
  return 1 + plannedDraws(plan) * attempts;
}
