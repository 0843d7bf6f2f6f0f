import { TokenTrimError } from '../errors.js';
import { describeParts } from '../node/model/describeParts.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import { openTensorSource } from '../node/model/source.js';
import { openDevice } from '../node/openDevice.js';
import { fileNoise, recordedGrid } from '../pipelines/noise/fileNoise.js';
import { frameShape, type Plan, type PlanRequest, plannedDraws, planRollout } from '../pipelines/plan/plan.js';
import { type MemoryPlan, planMemory } from '../pipelines/plan/planMemory.js';
import { vaeFactors } from '../pipelines/plan/planSize.js';
import { type GenerateRequest, promptsOf } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import type { TensorSource } from '../weights/tensorSource.js';
import { checkPaths } from './checkPaths.js';
import type { GenerateFlags } from './generateFlags.js';
import { measureKernels } from './measureKernels.js';
import { openGiven, openSchedule } from './openGiven.js';
import { openModel } from './openModel.js';
import { planNotes } from './planReport.js';
import { type PromptReport, reportPrompts } from './promptReport.js';
import { asUsage } from './usageError.js';

/** All that a run reads, opened and checked, and its plan; nothing is written or computed yet. */
export interface PreparedRun {
  readonly folder: ModelFolder;
  readonly device: Device;
  readonly plan: Plan;
  readonly memory: MemoryPlan;
  readonly request: GenerateRequest;
  readonly fps: number;
  readonly prompts: PromptReport;
  /** What the user should know before it runs. */
  readonly notes: readonly string[];
  /** The file of `--noise`. */
  readonly recording: TensorSource | undefined;
  close(): Promise<void>;
}

/** Gives back what was opened, the latest first. */
export class Closers {
  #opened: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#opened.push(close);
  }

  async close(): Promise<void> {
    for (const giveBack of this.#opened.splice(0).reverse()) await giveBack();
  }
}

/** Refuses here what can be refused before the run writes or computes anything. */
export async function prepareRun(
  prompt: string | undefined,
  flags: GenerateFlags,
  signal?: AbortSignal,
): Promise<PreparedRun> {
  const opened = new Closers();
  try {
    const schedule = await openSchedule(flags.promptsAt);
    const folder = await openModel(flags);
    opened.add(() => folder.close());
    await checkPaths(flags, folder);
    const recording = flags.noise === undefined ? undefined : await openTensorSource(flags.noise);
    if (recording) opened.add(() => recording.close());

    const { config } = folder;
    const given = await openGiven(flags, config.sampling.fps, signal);
    const planRequest = { ...requestOf(folder, flags, recording), given: given?.plan };
    const plan = planFor(folder, planRequest, flags, recording);
    const request = { ...planRequest, ...choices(prompt, flags), schedule, pictures: given?.pictures(plan.pixel) };
    const scheduled = promptsOf(config, plan, request); // refuses prompts that the video has no block for
    if (recording) fileNoise(recording, frameShape(config, plan), plan.frames, plannedDraws(plan)); // or one that does not fit
    if (flags.dryRun && plan.preset !== 'wan') await given?.check(plan);
    const device = await openDevice({ adapter: flags.adapter, kernels: flags.kernels, profile: flags.profile });
    opened.add(async () => device.close());
    const memory = await planTuned(device, folder, request, flags);
    const prompts = await reportPrompts(folder, plan, scheduled, flags.negativePrompt);

    const fps = flags.fps ?? config.sampling.fps;
    const givenNote = plan.preset === 'wan' ? undefined : given?.note(plan);
    const { model, checkpoint, vae, textEncoder, tokenizer } = flags;
    const isNamed = [model, checkpoint, vae, textEncoder, tokenizer].some((named) => named !== undefined);
    const parts = isNamed && !flags.dryRun ? describeParts(folder.parts) : [];
    const said = [device.note, ...parts, givenNote, ...planNotes(config, plan, memory, flags.decode !== 'auto')];
    const notes = said.filter((note) => note !== undefined);
    const decided = { ...request, decode: memory.decode };
    return {
      folder,
      device,
      plan,
      memory,
      request: decided,
      fps,
      prompts,
      notes,
      recording,
      close: () => opened.close(),
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The plan of a run; an error names the file of --noise where that says how many frames there are, or of which size. */
function planFor({ config }: ModelFolder, request: PlanRequest, flags: GenerateFlags, recording?: TensorSource): Plan {
  const { frames, width, height } = flags;
  const isChosen = frames !== undefined && width !== undefined && height !== undefined;
  if (!recording || isChosen) return asUsage(() => planRollout(config, request));
  try {
    return planRollout(config, request);
  } catch (error) {
    if (!(error instanceof TokenTrimError)) throw error;
    const { label } = recording;
    const size = `${request.frames} frames of ${request.width}x${request.height}`;
    throw new TokenTrimError(
      `${label}: this noise, of ${recording.info('noise').shape.join('x')}, is for ${size}: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

/** Plans the run's memory, which shows what kernels it needs, and makes the trials of those never measured here where they pay. */
async function planTuned(
  device: Device,
  folder: ModelFolder,
  request: GenerateRequest,
  { dryRun, gpuMemory }: GenerateFlags,
): Promise<MemoryPlan> {
  const plan = () => planMemory(device, folder, request, gpuMemory && gpuMemory * 1e9);
  await measureKernels(device, { measure: 'none' });
  const memory = await plan();
  if (dryRun) return memory;
  const { changed } = await measureKernels(device, { work: memory.operations });
  return changed ? plan() : memory;
}

/** The flags as a request; a noise recording says how many frames of which size it is for where the flags do not. */
function requestOf({ config }: ModelFolder, flags: GenerateFlags, recording?: TensorSource): PlanRequest {
  const { preset, steps, shift, window, sink, blockFrames: framesPerBlock, contextNoise, solver, guidance } = flags;
  let { frames, width, height } = flags;
  if (recording) {
    const recorded = recordedGrid(recording);
    const { spatial, temporal } = vaeFactors(config);
    frames ??= 1 + (recorded.frames - 1) * temporal;
    width ??= recorded.width * spatial;
    height ??= recorded.height * spatial;
  }
  const rollout = { window, sink, framesPerBlock, contextNoise };
  return { preset, frames, width, height, steps, shift, ...rollout, solver, guidance };
}

/** What of the flags concerns the run and not its plan. */
function choices(prompt: string | undefined, flags: GenerateFlags): GenerateRequest {
  const trim = flags.trim && {
    fraction: flags.trimFraction,
    sensitivity: flags.trimSensitivity,
    warmup: flags.trimWarmup,
    maxRegenerations: flags.trimAttempts,
    check: flags.trimCheck,
  };
  const dtype = flags.dtype === 'auto' ? undefined : flags.dtype;
  const kvDtype = flags.kvDtype === 'auto' ? undefined : flags.kvDtype;
  const decode = flags.decode === 'auto' ? undefined : flags.decode;
  const promptCache = flags.promptCache ? undefined : false;
  return { prompt, negativePrompt: flags.negativePrompt, trim, dtype, kvDtype, decode, promptCache };
}
