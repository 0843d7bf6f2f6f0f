import * as z from 'zod';
import { KEY_TYPES } from '../../kernels/rows/keyType.js';
import { DECODERS } from '../../models/wan/model.js';
import { optionsOf } from '../../options/checkOptions.js';
import { alone, count, flag, number, oneOf, show, someNumber, text } from '../../options/fields.js';
import { FLOAT_TYPES } from '../../tensor/tensor.js';
import { trimSchema } from '../../tokentrim/trimOptions.js';
import type { ScheduledPrompt } from '../prompts/promptSchedule.js';
import { contextNoise, latentSchema, stepList } from '../rollout.js';
import { SOLVER_NAMES } from '../solvers/createSolver.js';
import { flowmoSchema } from './flowmoOptions.js';
import { DECODE_TIMES, type PlannedFile, type PlannedGiven, type PlannedModel, type RolloutPlan } from './plan.js';
import type { WeightTypes } from './weightTypes.js';

// A plan comes from a file as often as from `planRun`, and may have been edited by hand: every field is looked at.

const size = optionsOf<RolloutPlan['pixel']>()({ width: count(1), height: count(1) });
const file = optionsOf<PlannedFile>()({ path: text, sha256: text });
const isOwn = (given: unknown): given is 'own' => given === 'own';
const isOff = (given: unknown): given is false | 'own' => given === false || given === 'own';

const videoFields = {
  pixel: size,
  latent: latentSchema,
  frames: count(1),
  shown: optionsOf<RolloutPlan['shown']>()({ hidden: count(0), count: count(1) }),
  fps: number('must be a number above 0', (fps) => fps > 0),
};

const decisionFields = {
  version: count(1),
  program: text,
  prompts: z
    .array(optionsOf<ScheduledPrompt>()({ prompt: text, pixelFrame: count(0), firstFrame: count(0) }), {
      error: ({ input }) => `must be a list of prompts, found ${show(input)}`,
    })
    .readonly(),
  negativePrompt: text.optional(),
  noise: alone(
    isOwn,
    'must be { seed }, a file { path, sha256 }, or "own"',
    z.union([z.strictObject({ seed: text }), file]),
  ),
  trim: alone(isOff, 'must be all of TokenTrim\'s parameters, false, or "own"', trimSchema),
  types: optionsOf<WeightTypes>()({
    transformer: oneOf(FLOAT_TYPES),
    vae: oneOf(FLOAT_TYPES),
    tinyVae: oneOf(FLOAT_TYPES).optional(),
    textEncoder: oneOf(FLOAT_TYPES),
    keys: oneOf(KEY_TYPES),
  }),
  decode: oneOf(DECODE_TIMES).optional(),
  decoder: oneOf(DECODERS).optional(),
  model: optionsOf<PlannedModel>()({
    name: text,
    source: z.record(z.string(), z.string()).optional(),
    digests: optionsOf<PlannedModel['digests']>()({
      transformer: text,
      vae: text,
      tinyVae: text.optional(),
      textEncoder: text,
      tokenizer: text,
    }),
  }),
};

/** @internal A plan of a rollout in blocks. */
export const rolloutSchema = z.strictObject({
  ...decisionFields,
  ...videoFields,
  preset: oneOf(['self-forcing', 'rolling-forcing']),
  framesPerBlock: count(1),
  steps: stepList('a list of timesteps such as [1000, 750, 500, 250]'),
  warp: flag.optional(),
  shift: someNumber,
  window: count(1),
  sink: count(0),
  contextNoise: contextNoise(),
  flowmo: flowmoSchema.optional(),
  given: optionsOf<PlannedGiven>()({
    kind: oneOf(['image', 'video']),
    latents: count(1),
    independentFirstFrame: flag,
    skip: count(0),
    pictures: count(1),
    repeats: count(1),
    hidden: count(0),
    file: file.optional(),
  }).optional(),
});

/** @internal A plan of the bidirectional model. */
export const wanSchema = z.strictObject({
  ...decisionFields,
  ...videoFields,
  preset: oneOf(['wan']),
  steps: someNumber,
  solver: oneOf(SOLVER_NAMES),
  shift: someNumber,
  guidance: someNumber,
  flowmo: flowmoSchema.optional(),
});
