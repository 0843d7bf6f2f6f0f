import { weightTypes } from '../pipelines/plan/weightTypes.js';
import type { GenerateFlags } from './generateFlags.js';
import type { PreparedRun } from './prepareRun.js';
import type { Settings } from './settingsSchema.js';

/** A seed as a number where that is exact; null where the noise comes from a file. */
export function seedOf({ noise, seed }: Pick<GenerateFlags, 'noise' | 'seed'>): number | string | null {
  if (noise !== undefined) return null;
  return Number.isSafeInteger(Number(seed)) ? Number(seed) : seed;
}

/** Every option of a run as it was resolved. */
export function settingsOf({ folder, plan, memory, request, fps }: PreparedRun, flags: GenerateFlags): Settings {
  const { keys, ...dtype } = weightTypes(folder, request.dtype, request.kvDtype);
  const isWan = plan.preset === 'wan';
  const { trimFraction: fraction, trimSensitivity: sensitivity, trimWarmup: warmup } = flags;
  const trim = { fraction, sensitivity, warmup, check: flags.trimCheck, attempts: flags.trimAttempts };
  return {
    preset: plan.preset,
    frames: plan.shown.count,
    width: plan.pixel.width,
    height: plan.pixel.height,
    fps,
    seed: seedOf(flags),
    steps: isWan ? plan.steps : [...plan.steps],
    warp: isWan ? null : (plan.warp ?? false),
    shift: plan.shift,
    window: isWan ? null : plan.window,
    sink: isWan ? null : plan.sink,
    blockFrames: isWan ? null : plan.framesPerBlock,
    contextNoise: isWan ? null : plan.contextNoise,
    solver: isWan ? plan.solver : null,
    guidance: isWan ? plan.guidance : null,
    trim: flags.trim && !isWan ? trim : false,
    dtype,
    kvDtype: isWan ? null : keys,
    decode: memory.decode,
    kernels: flags.kernels ?? (process.env.TOKENTRIM_KERNELS || 'auto'),
    adapter: flags.adapter ?? (process.env.TOKENTRIM_ADAPTER || null),
    gpuMemory: flags.gpuMemory ?? null,
    promptCache: flags.promptCache,
    metadata: flags.metadata,
    profile: flags.profile ?? false,
    ...namesIn(flags),
    out: flags.out,
  };
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
  'saveNoise',
  'saveLatents',
] as const satisfies readonly (keyof GenerateFlags)[];

function namesIn(flags: GenerateFlags): Pick<Settings, (typeof NAMED)[number]> {
  return Object.fromEntries(NAMED.map((name) => [name, flags[name] ?? null])) as Pick<Settings, (typeof NAMED)[number]>;
}
