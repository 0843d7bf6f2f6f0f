import { isBlockwise, type Plan } from '../pipelines/plan/plan.js';
import type { GenerateFlags } from './generateFlags.js';
import type { PreparedRun } from './preparedRun.js';
import type { Settings } from './settingsSchema.js';

/** A seed as a number where that is exact; null where the noise comes from a file. */
export function seedOf({ noise }: Pick<Plan, 'noise'>): number | string | null {
  if (typeof noise !== 'object' || !('seed' in noise)) return null;
  return Number.isSafeInteger(Number(noise.seed)) ? Number(noise.seed) : noise.seed;
}

/** Every option of a run as it was resolved. */
export function settingsOf({ plan, flags }: Pick<PreparedRun, 'plan' | 'flags'>): Settings {
  const { keys, ...dtype } = plan.types;
  const rollout = isBlockwise(plan) ? plan : undefined;
  const sampling = isBlockwise(plan) ? undefined : plan;
  return {
    preset: plan.preset,
    frames: plan.shown.count,
    width: plan.pixel.width,
    height: plan.pixel.height,
    fps: plan.fps,
    seed: seedOf(plan),
    steps: isBlockwise(plan) ? [...plan.steps] : plan.steps,
    warp: rollout ? (rollout.warp ?? false) : null,
    shift: plan.shift,
    window: rollout?.window ?? null,
    sink: rollout?.sink ?? null,
    blockFrames: rollout?.framesPerBlock ?? null,
    contextNoise: rollout?.contextNoise ?? null,
    solver: sampling?.solver ?? null,
    guidance: sampling?.guidance ?? null,
    flowmo: plan.flowmo ?? false,
    trim: trimOf(plan),
    dtype,
    kvDtype: rollout ? keys : null,
    decode: plan.decode === 'never' ? null : plan.decode,
    latentsOnly: plan.decode === 'never',
    decoder: plan.decode === 'never' ? null : (plan.decoder ?? 'full'),
    kernels: flags.forms
      ? (flags.forms.forced ?? 'auto')
      : (flags.kernels ?? (process.env.TOKENTRIM_KERNELS || 'auto')),
    adapter: flags.adapter ?? (process.env.TOKENTRIM_ADAPTER || null),
    gpuMemory: flags.gpuMemory ?? null,
    promptCache: flags.promptCache,
    metadata: flags.metadata,
    sidecar: flags.sidecar ?? false,
    profile: flags.profile ?? false,
    checkNumerics: flags.checkNumerics ?? false,
    traceLatents: flags.traceLatents ?? false,
    traceAttention: flags.traceAttention ?? null,
    traceTap: flags.traceTap ?? null,
    ...namesIn(flags),
    out: plan.decode === 'never' ? null : flags.out,
  };
}

function trimOf({ trim }: Plan): Settings['trim'] {
  if (trim === false || trim === 'own') return false; // the command line brings no policy of its own
  const { policy, fraction, sensitivity, warmup, skipFirst, falseAlarms, check, maxRegenerations: attempts } = trim;
  const rule = policy === 'adaptive' ? { falseAlarms } : { sensitivity, skipFirst };
  return { policy, fraction, ...rule, warmup, check, attempts };
}

/** Options that are paths or names and need no resolving. */
export const NAMED = [
  'model',
  'checkpoint',
  'section',
  'vae',
  'textEncoder',
  'tokenizer',
  'image',
  'video',
  'promptsAt',
  'noise',
  'plan',
  'saveNoise',
  'saveLatents',
  'preview',
  'trace',
  'report',
] as const satisfies readonly (keyof GenerateFlags)[];

function namesIn(flags: GenerateFlags): Pick<Settings, (typeof NAMED)[number]> {
  return Object.fromEntries(NAMED.map((name) => [name, flags[name] ?? null])) as Pick<Settings, (typeof NAMED)[number]>;
}
