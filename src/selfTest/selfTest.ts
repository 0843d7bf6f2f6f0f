import { checkMatrixForm } from '../kernels/forms/checkMatrixForm.js';
import { isProcessor } from '../kernels/forms/form.js';
import { knownClasses } from '../kernels/forms/trials.js';
import type { Model } from '../models/wan/model.js';
import { hasFullVae } from '../models/wan/model.js';
import { patchSize } from '../models/wan/transformer.js';
import { vaeFactors } from '../models/wan/vae/vaeFactors.js';
import type { StopSignal } from '../options/stopSignal.js';
import { HeldWeights } from '../pipelines/heldWeights.js';
import { planRun } from '../pipelines/plan/planRun.js';
import type { GenerateRequest } from '../pipelines/plan/request.js';
import { runPlan } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import type { Form } from '../tensor/formTable.js';
import { PROGRAM } from '../version.js';
import { formOf } from './formOf.js';
import { type LaunchCheck, LaunchChecks } from './launchChecks.js';
import type { SelfTestReport } from './selfTestReport.js';

/** How `selfTest` goes about it. */
export interface SelfTestOptions {
  readonly signal?: StopSignal;
  /** Told before each run: how many are done, of how many, and what is run next. */
  readonly onRun?: (done: number, total: number, what: string) => void;
}

/**
 * Runs what a model's videos are made of, on this device, in every form that there is for it, and compares each kernel with
 * its float64 twin on the model's own widths and weights: one layer of the DiT and of the text encoder, the whole VAE, few
 * tokens. Afterwards the forms that are wrong here are in `device.forms.faulty` and are not used any more.
 * @throws TokenTrimError where a kernel does not run at all in the form that is always there
 */
export async function selfTest(device: Device, model: Model, options: SelfTestOptions = {}): Promise<SelfTestReport> {
  const from = performance.now();
  const shallow = oneLayerOf(model);
  const { forms } = device;
  const kept = { forced: forms.forced, faulty: new Set(forms.faulty) };
  forms.faulty.clear(); // what was wrong once may have been mended since
  const trusted = await checkMatrixForm(device);
  const checks = new LaunchChecks(device);
  const broken: { form: Form; reason: string }[] = [];
  const tried = formsOf(device, trusted);
  const requests = requestsFor(shallow);
  let done = 0;
  try {
    for (const form of tried) {
      forms.forced = form;
      const onRun = (what: string) => options.onRun?.(done++, tried.length * requests.length, `${what}, ${form}`);
      try {
        await runAll(device, shallow, requests, checks, { ...options, onRun });
      } catch (error) {
        options.signal?.throwIfAborted();
        if (form === 'plain') throw error;
        checks.forget();
        broken.push({ form, reason: (error as Error).message }); // it does not compile here, perhaps
      }
    }
  } finally {
    checks.release();
    forms.forced = kept.forced;
    for (const fault of kept.faulty) forms.faulty.add(fault);
  }
  forms.faulty.clear();
  for (const fault of faultsIn(checks.checks, broken)) forms.faulty.add(fault);
  return {
    version: 1,
    program: PROGRAM,
    adapter: { name: device.name, driver: forms.adapter?.driver ?? null, features: device.features },
    model: model.config.name,
    forms: tried,
    checks: checks.checks,
    leftOut: checks.leftOut,
    broken,
    faulty: [...forms.faulty],
    seconds: (performance.now() - from) / 1000,
  };
}

/** Forms with a wrong launch; and where runs in a form failed, those of all kernels that were not seen to be right in it. */
function faultsIn(checks: readonly LaunchCheck[], broken: SelfTestReport['broken']): string[] {
  const found = checks.flatMap(({ kernel, isRight }) => {
    const form = formOf(kernel);
    return form ? [{ form, isRight }] : [];
  });
  const right = new Set(found.map(({ form }) => form));
  const kernels = new Set(knownClasses().map(({ kernel }) => kernel));
  const untold = broken.flatMap(({ form }) => [...kernels].map((kernel) => `${kernel} ${form}`));
  return [
    ...found.filter(({ isRight }) => !isRight).map(({ form }) => form),
    ...untold.filter((each) => !right.has(each)),
  ];
}

/** The forms to try: `plain` is always there. */
function formsOf(device: Device, trusted: ReadonlySet<string>): Form[] {
  const onProcessor = isProcessor(device.features);
  return [
    'plain',
    ...(device.features.subgroups ? (['subgroup'] as const) : []),
    ...(onProcessor ? [] : (['tiled'] as const)), // takes a processor minutes to compile, and is not chosen there
    ...(trusted.size > 0 ? (['matrix', 'half'] as const) : []),
  ];
}

/** One layer of each stack: all layers have the same shapes. */
function oneLayerOf(model: Model): Model {
  const { transformer, text_encoder, ...rest } = model.config;
  const config = {
    ...rest,
    transformer: { ...transformer, num_layers: 1 },
    text_encoder: { ...text_encoder, num_layers: 1 },
  };
  return { ...model, config };
}

/** A prompt of a few tokens. */
const PROMPT = 'a red circle';

/** The smallest videos that meet every kernel: both rollouts with caches in each type, guidance, gradients, pictures in and out. */
function requestsFor({ config, vae }: Model): readonly (readonly [string, GenerateRequest])[] {
  const { spatial, temporal } = vaeFactors(config.vae);
  const patch = patchSize(config.transformer);
  const blocks = 2;
  const frames = 1 + (blocks * config.sampling.frames_per_block - 1) * temporal;
  const size = { width: 2 * spatial * patch.width, height: spatial * patch.height };
  const picture = new Float32Array(size.width * size.height * 3).map((_, index) => Math.sin(index));
  const shared = { prompt: PROMPT, frames, ...size };
  const given = {
    given: { kind: 'image', available: 1 } as const,
    pictures: async function* () {
      yield picture;
    },
  };
  const decodes = hasFullVae({ vae }) ? { decoder: 'full' as const } : {};
  return [
    ['Self Forcing with FlowMo', { ...shared, ...decodes, decode: 'during', flowmo: { blocks: 'first-block' } }],
    ['Rolling Forcing over 8 bits', { ...shared, ...given, preset: 'rolling-forcing', kvDtype: 'i8', decode: 'never' }],
    ['Wan2.1 with guidance', { ...shared, preset: 'wan', steps: [3], decode: 'never' }],
  ];
}

async function runAll(
  device: Device,
  model: Model,
  requests: ReturnType<typeof requestsFor>,
  checks: LaunchChecks,
  { signal, onRun }: { readonly signal?: StopSignal; readonly onRun: (what: string) => void },
): Promise<void> {
  const held = new HeldWeights();
  try {
    for (const [what, request] of requests) {
      onRun(what);
      const { decode = 'during', ...draft } = await planRun(model, request);
      const inputs = { pictures: request.pictures, held, signal, watch: {} };
      for await (const _ of runPlan(device, model, { ...draft, decode }, inputs)) {
        await checks.settle();
        signal?.throwIfAborted();
      }
      await checks.settle();
    }
  } finally {
    held.free();
  }
}
