import * as z from 'zod';
import { KEY_TYPES } from '../kernels/rows/keyType.js';
import { FLOWMO_BLOCKS, FLOWMO_MODES } from '../pipelines/plan/flowmoOptions.js';
import { TRIM_POLICIES } from '../tokentrim/trimOptions.js';

const path = z.string().nullable();
const type = z.enum(['f32', 'bf16', 'f16']);
const latentFrames = z.int().nonnegative().nullable();

/** Every option of `generate` that says what is made, under its own name and as it was resolved. */
export const settingsSchema = z.strictObject({
  preset: z.enum(['self-forcing', 'rolling-forcing', 'wan']),
  frames: z.int().positive().describe('pictures of the whole video'),
  width: z.int().positive(),
  height: z.int().positive(),
  fps: z.number(),
  seed: z.union([z.int(), z.string()]).nullable(),
  steps: z.union([z.array(z.number()), z.int()]).describe('timesteps, or for wan their number'),
  warp: z.boolean().nullable().describe('whether timesteps go through the shifted schedule; of the checkpoint'),
  shift: z.number(),
  window: latentFrames.describe('null for wan'),
  sink: latentFrames.describe('null for wan'),
  blockFrames: latentFrames.describe('null for wan'),
  contextNoise: z.number().nullable().describe('null for wan'),
  solver: z.string().nullable().describe('of wan'),
  guidance: z.number().nullable().describe('of wan'),
  flowmo: z.union([
    z.literal(false),
    z.strictObject({
      blocks: z.enum(FLOWMO_BLOCKS),
      steps: z.int().positive(),
      rate: z.number().positive(),
      mode: z.enum(FLOWMO_MODES),
    }),
  ]),
  trim: z.union([
    z.literal(false),
    z.strictObject({
      policy: z.enum(TRIM_POLICIES),
      fraction: z.number(),
      sensitivity: z.number().optional().describe('not of `adaptive`'),
      warmup: z.int().nonnegative(),
      skipFirst: z.boolean().optional().describe('not of `adaptive`'),
      falseAlarms: z.number().optional().describe('of `adaptive`'),
      check: z.enum(['final', 'first-step']),
      attempts: z.int().nonnegative(),
    }),
  ]),
  dtype: z.strictObject({ transformer: type, vae: type, tinyVae: type.optional(), textEncoder: type }),
  kvDtype: z.enum(KEY_TYPES).nullable().describe('null for wan, which has no cache'),
  decode: z.enum(['during', 'after']).nullable().describe('null with `latentsOnly`'),
  latentsOnly: z.boolean(),
  decoder: z.enum(['full', 'tiny']).nullable().describe('null with `latentsOnly`'),
  kernels: z.string(),
  adapter: z.string().nullable().describe('what was asked for; null for the best there is'),
  gpuMemory: z.number().nullable().describe('GB'),
  promptCache: z.boolean(),
  metadata: z.boolean(),
  sidecar: z.boolean(),
  profile: z.boolean(),
  checkNumerics: z.boolean(),
  model: path.describe('null for the toy world'),
  checkpoint: path,
  section: path,
  vae: path,
  textEncoder: path,
  tokenizer: path,
  image: path,
  video: path,
  promptsAt: path,
  noise: path,
  plan: path.describe('that was run'),
  saveNoise: path,
  saveLatents: path,
  preview: path,
  trace: path,
  traceLatents: z.boolean(),
  traceAttention: z.array(z.string()).nullable(),
  traceTap: z.array(z.string()).nullable(),
  report: path,
  out: path.describe('null with `latentsOnly`'),
});

export type Settings = z.infer<typeof settingsSchema>;
