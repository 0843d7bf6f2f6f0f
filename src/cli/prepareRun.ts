import { ensure, TokenTrimError } from '../errors.js';
import { type RecordedForms, useForms } from '../kernels/forms/recordedForms.js';
import { vaeFactors } from '../models/wan/vae/vaeFactors.js';
import { promptStoreIn } from '../node/generate.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import { describeParts } from '../node/model/modelFolder.js';
import { openTensorSource } from '../node/model/openTensorSource.js';
import { openDevice } from '../node/openDevice.js';
import { fileNoise, recordedGrid } from '../pipelines/noise/recordedNoise.js';
import { methodOf } from '../pipelines/plan/methods.js';
import { checkPlan } from '../pipelines/plan/parsePlan.js';
import { type DraftPlan, isBlockwise, type Plan, type VideoPlan } from '../pipelines/plan/plan.js';
import { type MemoryPlan, settleMemory } from '../pipelines/plan/planMemory.js';
import { planRun } from '../pipelines/plan/planRun.js';
import { frameShape, planRollout } from '../pipelines/plan/planVideo.js';
import type { GenerateRequest, PlanRequest, Watching } from '../pipelines/plan/request.js';
import type { Device } from '../tensor/device.js';
import type { TensorSource } from '../weights/tensorSource.js';
import { ensureLatentsFile } from './checkOptions.js';
import { checkPaths } from './checkPaths.js';
import type { GenerateFlags } from './generateFlags.js';
import { measureKernels } from './measureKernels.js';
import { openGiven, openSchedule } from './openGiven.js';
import { openModel } from './openModel.js';
import { ensureSameFile, plannedFile, plannedFlags, readPlan } from './openPlan.js';
import { planNotes } from './planReport.js';
import type { PreparedRun } from './preparedRun.js';
import { reportPrompts } from './promptReport.js';
import { Resume } from './runResume.js';
import { trimOptionsOf } from './trimFlags.js';
import { asUsage } from './usageError.js';
import { watchOf } from './watchFlags.js';

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
  asked: GenerateFlags,
  signal?: AbortSignal,
): Promise<PreparedRun> {
  const opened = new Closers();
  try {
    const decided = asked.plan === undefined ? undefined : await readPlan(asked.plan);
    const flags = decided ? plannedFlags(asked, decided) : asked;
    if (flags.latentsOnly) ensureLatentsFile(flags.saveLatents);
    const schedule = await openSchedule(flags.promptsAt);
    const folder = await openModel(flags);
    opened.add(() => folder.close());
    await checkPaths(flags, folder);
    const recording = flags.noise === undefined ? undefined : await openTensorSource(flags.noise);
    if (recording) opened.add(() => recording.close());

    const { config } = folder;
    const given = await openGiven(flags, config.sampling.fps, signal);
    const request = async (): Promise<GenerateRequest> => ({
      ...requestOf(folder, flags, recording),
      given: given && { ...given.plan, file: await plannedFile(given.path) },
      ...choices(prompt, flags),
      schedule,
      ...(flags.noise === undefined ? {} : { noiseFile: await plannedFile(flags.noise) }),
    });
    const wanted = decided ?? (await draftOf(folder, await request(), flags, recording));
    const planNote = decided && (await checkPlanned(folder, decided, flags));
    const resume = await Resume.open(prompt, asked);
    if (resume) opened.add(() => resume.close());
    const begun = await resume?.begun(wanted);
    const draft = begun ?? wanted;
    // Or one that does not fit:
    if (recording) fileNoise(recording, frameShape(config, draft), draft.frames, methodOf(draft).draws(draft));
    if (flags.dryRun && isBlockwise(draft)) await given?.check(draft);

    const { adapter, kernels, profile, checkNumerics } = flags;
    const device = await openDevice({ adapter, kernels, profile, checkNumerics });
    opened.add(async () => device.close());
    const replan =
      decided || begun ? undefined : async (change: object) => planRun(folder, { ...(await request()), ...change });
    const forms = begun ? resume?.state.run?.forms : flags.forms;
    const { plan, memory, watch } = await settleTuned(device, folder, draft, replan, flags, forms);
    const prompts = await reportPrompts(folder, plan);

    const givenNote = isBlockwise(plan) ? given?.note(plan) : undefined;
    const { model, checkpoint, vae, textEncoder, tokenizer } = flags;
    const isNamed = [model, checkpoint, vae, textEncoder, tokenizer].some((named) => named !== undefined);
    const parts = isNamed && !flags.dryRun ? describeParts(folder.parts) : [];
    const isDecodeChosen = flags.decode !== 'auto' || flags.preview !== undefined;
    const numericsNote = checkNumerics
      ? 'note: --check-numerics looks at what every launch makes, which makes the run slow'
      : undefined;
    const said = [
      planNote,
      device.note,
      resume?.noteOf(plan),
      numericsNote,
      ...parts,
      givenNote,
      ...planNotes(config, plan, isDecodeChosen),
    ];
    const notes = said.filter((note) => note !== undefined);
    const promptStore = promptStoreIn(flags.promptCache ? undefined : false);
    const preview = flags.preview !== undefined;
    const inputs = { pictures: given?.pictures(plan.pixel), promptStore, preview, watch, state: resume?.state };
    const close = () => opened.close();
    const promptText = schedule?.text ?? asText(plan);
    return { flags, folder, device, plan, memory, inputs, prompts, promptText, notes, recording, resume, close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Prompts as the file of `--prompts-at` has them. */
function asText({ prompts: [first, ...later] }: Plan): string {
  if (later.length === 0) return first.prompt;
  return [first, ...later].map(({ prompt, pixelFrame }) => `${pixelFrame}: ${prompt}`).join('\n');
}

/** Checks a plan that was read, and that the files are those that it was made with. */
async function checkPlanned(folder: ModelFolder, plan: DraftPlan, flags: GenerateFlags): Promise<string | undefined> {
  const note = await checkPlan(folder, plan, `--plan ${flags.plan}`);
  const begins = flags.image ?? flags.video;
  const given = isBlockwise(plan) ? plan.given : undefined;
  ensure(
    !given || begins !== undefined,
    `--plan ${flags.plan}: it begins with ${given?.kind === 'image' ? 'a picture: pass it as --image' : 'a video: pass it as --video'}`,
  );
  if (begins !== undefined && given?.file) await ensureSameFile(`--${given.kind}`, begins, given.file);
  const { noise } = plan;
  if (typeof noise === 'object' && 'path' in noise) await ensureSameFile('--noise', flags.noise ?? noise.path, noise);
  ensure(
    noise !== 'own' && plan.trim !== 'own',
    `--plan ${flags.plan}: it was made in a program that brings its own noise or policy: run it there`,
  );
  return note;
}

/** The plan of a run; an error names the file of --noise where that says how many frames there are, or of which size. */
async function draftOf(
  folder: ModelFolder,
  request: GenerateRequest,
  flags: GenerateFlags,
  recording?: TensorSource,
): Promise<DraftPlan> {
  return planRun(folder, request, videoOf(folder, request, flags, recording));
}

function videoOf(
  { config }: ModelFolder,
  request: PlanRequest,
  flags: GenerateFlags,
  recording?: TensorSource,
): VideoPlan {
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
async function settleTuned(
  device: Device,
  folder: ModelFolder,
  draft: DraftPlan,
  replan: ((change: object) => Promise<DraftPlan>) | undefined,
  flags: GenerateFlags,
  forms: RecordedForms | undefined,
): Promise<{ plan: Plan; memory: MemoryPlan; watch: Watching | undefined }> {
  const { dryRun, gpuMemory, preview } = flags;
  const allowedBytes = gpuMemory && gpuMemory * 1e9;
  const watch = watchOf(flags);
  const told = { preview: preview !== undefined, watch };
  const settle = () => settleMemory(device, folder, draft, { allowedBytes, replan, ...told });
  if (forms) {
    await useForms(device, forms); // those that the run was begun with
    return settle();
  }
  await measureKernels(device, { measure: 'none' });
  const settled = await settle();
  if (dryRun) return settled;
  const { changed } = await measureKernels(device, { work: settled.memory.operations });
  return changed ? settle() : settled;
}

/** The flags as a request; a noise recording says how many frames of which size it is for where the flags do not. */
export function requestOf({ config }: ModelFolder, flags: GenerateFlags, recording?: TensorSource): PlanRequest {
  const { preset, steps, shift, window, sink, blockFrames: framesPerBlock, contextNoise, solver, guidance } = flags;
  let { frames, width, height } = flags;
  if (recording) {
    const recorded = recordedGrid(recording);
    const { spatial, temporal } = vaeFactors(config.vae);
    frames ??= 1 + (recorded.frames - 1) * temporal;
    width ??= recorded.width * spatial;
    height ??= recorded.height * spatial;
  }
  const rollout = { window, sink, framesPerBlock, contextNoise, flowmo: flowmoOf(flags) };
  return { preset, frames, width, height, fps: flags.fps, steps, shift, ...rollout, solver, guidance };
}

/** The paper's whole method is FlowMo on the first block, and TokenTrim as it is by default. */
function flowmoOf(flags: GenerateFlags): PlanRequest['flowmo'] {
  const { flowmoSteps: steps, flowmoRate: rate, flowmoMode: mode } = flags;
  const blocks = flags.methodOfPaper ? 'first-block' : flags.flowmo;
  return blocks === 'off' ? undefined : { blocks, steps, rate, mode };
}

/** What of the flags concerns the run and not its plan. */
export function choices(prompt: string | undefined, flags: GenerateFlags): GenerateRequest {
  const trim = flags.trim && {
    ...trimOptionsOf(flags),
    maxRegenerations: flags.trimAttempts,
    check: flags.trimCheck,
  };
  const dtype = flags.dtype === 'auto' ? undefined : flags.dtype;
  const kvDtype = flags.kvDtype === 'auto' ? undefined : flags.kvDtype;
  const decode = flags.latentsOnly ? 'never' : flags.decode === 'auto' ? undefined : flags.decode;
  const { negativePrompt, seed, decoder } = flags;
  const preview = flags.preview !== undefined;
  return { prompt, negativePrompt, seed, trim, dtype, kvDtype, decode, decoder, preview };
}
