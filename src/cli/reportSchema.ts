import * as z from 'zod';
import { DECODE_TIMES } from '../pipelines/plan/plan.js';
import { settingsSchema } from './settingsSchema.js';

// The object that `generate --json` prints. docs/generate-json.schema.json is made from it by scripts/make-schema.mjs, and
// docs/GENERATE-JSON.md describes it. A field is null where there is no such value, or where the run ended before it was known.

/** Goes up when a field goes away or changes its meaning, not when one is added. */
export const REPORT_VERSION = 1;

const count = z.int().nonnegative();
const tokens = z.array(count);

const reviewSchema = z
  .strictObject({
    severity: z.number().describe('D_t of this attempt'),
    aboveThreshold: z.boolean().nullable().describe('whether that is abnormal; null where there is no threshold yet'),
    drift: z.array(z.number()).describe('d_i, one a token of a latent frame, row by row'),
    unstable: tokens.describe('S_t: tokens that would be pruned, ascending'),
  })
  .describe('an attempt at a block that TokenTrim measured');

export const blockSchema = z
  .strictObject({
    index: count,
    severity: z.number().nullable().describe('D_t of the candidate; null for the first block and without TokenTrim'),
    mean: z.number().nullable().describe("mean of the accepted blocks' severities before it"),
    std: z.number().nullable().describe('their population standard deviation'),
    threshold: z.number().nullable().describe('mean + sensitivity * std'),
    triggered: z.boolean().describe('whether it was generated again'),
    unstable: tokens.nullable().describe('S_t of the candidate'),
    severityAfter: z.number().nullable().describe('D_t of what was accepted after a regeneration'),
    attempts: z.int().positive().describe('times it was generated'),
    drift: z.array(z.number()).nullable().describe('d_i of the candidate'),
    reviews: z.array(reviewSchema).describe('the candidate, then each regeneration; the last was accepted'),
    seconds: z.number().describe('time it took, pictures included where they are made during the rollout'),
  })
  .describe('a block that joined the video');

const cutFields = {
  tokens: count.describe('token ids of the whole prompt, the end mark included'),
  tokensRead: count.describe('how many of them the model reads'),
  cut: z.string().nullable().describe('the end of the prompt that is cut off'),
};

const promptSchema = z.strictObject({
  prompt: z.string(),
  frame: count.describe('frame of the video from which on it was asked for'),
  latentFrame: count.describe('first latent frame of the block with which it begins'),
  ...cutFields,
});

const partSchema = z.strictObject({
  part: z.enum(['transformer', 'vae', 'tiny-vae', 'text-encoder', 'tokenizer']),
  path: z.string(),
  recognised: z.string().describe('what it was taken for, in words'),
  naming: z.enum(['official', 'hf']).nullable(),
  section: z.string().nullable().describe('of a training checkpoint, the one that is used'),
  dtypes: z.record(z.string(), count).nullable().describe('tensors of each type'),
});

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const fileSchema = z.strictObject({
  path: z.string(),
  bytes: count,
  sha256: digest,
  method: z
    .enum(['whole', 'sampled'])
    .describe('hash of the whole file, or of samples: see src/node/weights/fileDigest.ts'),
});

const plannedFileSchema = z.strictObject({ path: z.string(), sha256: digest });

const planSchema = z
  .looseObject({
    version: count.describe('of plans: goes up when a field goes away or changes its meaning'),
    program: z.string().describe('that made the plan'),
    preset: z.string(),
    pixel: z.strictObject({ width: count, height: count }),
    latent: z.strictObject({ width: count, height: count }),
    frames: count.describe('latent frames to generate'),
    shown: z.strictObject({ hidden: count, count }).describe('which of the decoded pictures are shown'),
    fps: z.number(),
    prompts: z.array(z.strictObject({ prompt: z.string(), pixelFrame: count, firstFrame: count })),
    negativePrompt: z.string().optional(),
    noise: z.union([z.strictObject({ seed: z.string() }), plannedFileSchema]),
    trim: z.union([z.literal(false), z.looseObject({ fraction: z.number(), sensitivity: z.number() })]),
    types: z.record(z.string(), z.string()).describe('how parts of the model and the KV cache hold their values'),
    decode: z.enum(DECODE_TIMES),
    decoder: z.enum(['full', 'tiny']).optional().describe("what makes pictures; the model's own VAE where absent"),
    model: z
      .looseObject({ name: z.string(), digests: z.record(z.string(), digest) })
      .describe('digests of what its parts hold, in whatever files they lie'),
  })
  .describe('the run as it was decided: all that decides the video; --plan runs it again');

const memorySchema = z
  .strictObject({
    decode: z.enum(DECODE_TIMES),
    peakBytes: count,
    stages: z.array(z.strictObject({ stage: z.string(), peakBytes: count })),
    limitBytes: z.number().nullable().describe('null where nothing says what the device has'),
    largestWork: z
      .strictObject({
        dispatch: z.strictObject({ kernel: z.string(), operations: z.number() }),
        submission: z.strictObject({ dispatches: count, operations: z.number() }),
      })
      .describe('the most floating-point operations handed over at once, before the speed of the adapter is known'),
  })
  .describe('device memory, and work handed over at once, planned before the run');

const kernelSchema = z.strictObject({ kernel: z.string(), calls: count, milliseconds: z.number() });

export const reportSchema = z
  .strictObject({
    schema: z.literal(REPORT_VERSION).describe('goes up when a field goes away or changes its meaning'),
    program: z.strictObject({ name: z.string(), version: z.string() }),
    status: z.enum(['planned', 'finished', 'interrupted', 'failed']).describe('planned: by --dry-run'),
    error: z.string().nullable().describe('what standard error says of an interruption or a failure'),
    seconds: z.number().describe('since the program began'),
    out: z
      .string()
      .nullable()
      .describe('file or folder of the pictures; null where nothing was opened, and with --latents-only'),
    frames: count.describe('pictures written'),
    width: count.nullable(),
    height: count.nullable(),
    fps: z.number().nullable(),
    seed: z.union([z.int(), z.string()]).nullable().describe('a text where it is too large; null with --noise'),
    preset: z.string().nullable(),
    model: z.string().nullable(),
    adapter: z.string().nullable(),
    peakGpuBytes: count.nullable(),
    compiledKernels: count.nullable().describe('or that the driver had from an earlier run'),
    prompts: z.array(promptSchema),
    negativePrompt: z
      .strictObject({ prompt: z.string(), ...cutFields })
      .nullable()
      .describe('of --preset wan'),
    settings: settingsSchema.nullable().describe('every option as it was resolved'),
    parts: z.array(partSchema).describe('of the model'),
    weights: z.array(fileSchema).describe('every file of the model that is read'),
    plan: planSchema.nullable(),
    memory: memorySchema.nullable(),
    blocks: z.array(blockSchema).describe('finished ones, in order'),
    kernels: z.array(kernelSchema).nullable().describe('with --profile, the slowest first'),
  })
  .describe('what `tokentrim generate --json` prints, however it ends');

export type Report = z.infer<typeof reportSchema>;
export type BlockRow = z.infer<typeof blockSchema>;
