import * as z from 'zod';
import { ensure } from '../../errors.js';
import { KEY_TYPES } from '../../kernels/rows/keyType.js';
import { DECODERS, type Model } from '../../models/wan/model.js';
import { checkOptions, optionsOf, withDefaults } from '../../options/checkOptions.js';
import { alone, count, flag, number, oneOf, show, someNumber, text } from '../../options/fields.js';
import { checkSeed } from '../../tensor/random.js';
import { FLOAT_TYPES } from '../../tensor/tensor.js';
import { TRIM_DEFAULTS, type TrimOptions, trimSchema } from '../../tokentrim/trimOptions.js';
import { PROGRAM } from '../../version.js';
import { createSchedule, denoisingTimesteps } from '../flowMatching.js';
import { chooseDecoder } from '../pictures/chooseDecoder.js';
import type { ScheduledPrompt } from '../prompts/promptSchedule.js';
import { checkWindow, contextNoise, latentSchema, stepList } from '../rollout.js';
import { SOLVER_NAMES } from '../solvers/createSolver.js';
import { flowmoSchema } from './flowmoOptions.js';
import { nextBlockStart, planBlocks, planSize } from './grid.js';
import {
  DECODE_TIMES,
  type DraftPlan,
  isBlockwise,
  PLAN_VERSION,
  type PlannedFile,
  type PlannedGiven,
  type PlannedModel,
  PRESETS,
  type RolloutPlan,
  type WanPlan,
} from './plan.js';
import { modelDigests } from './planRun.js';
import { givenFrames, madeFrames } from './planVideo.js';
import { checkPrompt } from './request.js';
import { wanOptions } from './wanOptions.js';
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

const rolloutSchema = z.strictObject({
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

const wanSchema = z.strictObject({
  ...decisionFields,
  ...videoFields,
  preset: oneOf(['wan']),
  steps: someNumber,
  solver: oneOf(SOLVER_NAMES),
  shift: someNumber,
  guidance: someNumber,
  flowmo: flowmoSchema.optional(),
});

/**
 * A plan from data that claims to be one, such as a file's JSON.
 * @param label what messages call it, such as the file's name
 * @throws TokenTrimError where it is none, or of another version of plans; the message names the field
 */
export function parsePlan(data: unknown, label: string): DraftPlan {
  const found = data as Partial<DraftPlan> | null;
  ensure(
    typeof found === 'object' && found !== null && 'version' in found && 'preset' in found,
    () => `${label}: expected a plan, as \`planRun\` makes it, found ${show(data)}`,
  );
  ensure(
    found.version === PLAN_VERSION,
    () =>
      `${label}: this is a plan of version ${show(found.version)}, and this program runs version ${PLAN_VERSION}: plan the ` +
      'video again with this program, or run the plan with the program that made it ' +
      `(${typeof found.program === 'string' ? found.program : 'it does not say which'})`,
  );
  checkOptions(`the plan ${label}`, oneOfPresets, { preset: found.preset });
  checkOptions(`the plan ${label}`, (found.preset === 'wan' ? wanSchema : rolloutSchema) as z.ZodType<DraftPlan>, data);
  return withPolicy(data as DraftPlan);
}

/** A plan from before there was a choice asks TokenTrim. */
function withPolicy(plan: DraftPlan): DraftPlan {
  if (plan.trim === false || plan.trim === 'own') return plan;
  const { policy, skipFirst, falseAlarms } = TRIM_DEFAULTS;
  return { ...plan, trim: withDefaults({ policy, skipFirst, falseAlarms } as TrimOptions, plan.trim) };
}

const oneOfPresets = z.strictObject({ preset: oneOf(PRESETS) });

/**
 * Checks that a plan can be run on a model: that the model is the one it was made for, and that its numbers belong together.
 * @returns what the user should know of it, if anything
 * @throws TokenTrimError with the reason where it cannot; the message says what to change
 */
export async function checkPlan(model: Model, plan: DraftPlan, label: string): Promise<string | undefined> {
  await checkModel(model, plan, label);
  checkNumbers(model, plan, label);
  if (plan.program === PROGRAM) return undefined;
  return `note: ${label} was made by ${plan.program}, and this is ${PROGRAM}: the video may differ in its last bits`;
}

async function checkModel(model: Model, plan: DraftPlan, label: string): Promise<void> {
  const digests = await modelDigests(model);
  const names = {
    transformer: 'the transformer',
    vae: 'the VAE',
    ...(plan.model.digests.tinyVae === undefined ? {} : { tinyVae: 'the tiny VAE' }),
    textEncoder: 'the text encoder',
    tokenizer: 'the tokenizer',
  };
  const changed = (Object.keys(names) as (keyof PlannedModel['digests'])[]).filter(
    (part) => digests[part] !== plan.model.digests[part],
  );
  ensure(
    changed.length === 0,
    () =>
      `${label}: the plan is for ${plan.model.name}, and of the model that was opened (${model.config.name}) ` +
      `${changed.map((part) => names[part]).join(', ')} ${changed.length === 1 ? 'is' : 'are'} not what the plan was made ` +
      'with (weights, configuration or vocabulary differ): open the model of the plan, or plan the video again for this one',
  );
}

function checkNumbers(model: Model, plan: DraftPlan, label: string): void {
  const { config } = model;
  const { latent } = planSize(config, plan.pixel);
  ensure(
    latent.width === plan.latent.width && latent.height === plan.latent.height,
    `${label}: \`pixel\` of ${plan.pixel.width}x${plan.pixel.height} has \`latent\` of ${latent.width}x${latent.height}, found ` +
      `${plan.latent.width}x${plan.latent.height}: change both, or neither`,
  );
  const made = madeFrames(config, plan);
  const { hidden, count: shown } = plan.shown;
  ensure(
    hidden + shown <= made,
    `${label}: ${plan.frames} latent frames${givenFrames(plan) > 0 ? ' and the given ones' : ''} make ${made} pictures, and ` +
      `\`shown\` asks for ${hidden + shown}: change \`frames\` or \`shown\``,
  );
  const isTiny = plan.decoder === 'tiny';
  const isNamed = plan.model.digests.tinyVae !== undefined && plan.types.tinyVae !== undefined;
  ensure(
    !isTiny || isNamed,
    `${label}: a \`decoder\` tiny needs the tiny VAE's digest and type, which the plan does not have: plan the video again ` +
      'with it',
  );
  if (plan.decode !== 'never') chooseDecoder(model, plan.decoder ?? 'full'); // throws where the model has not that one
  if (typeof plan.noise === 'object' && 'seed' in plan.noise) checkSeed(plan.noise.seed);
  for (const { prompt } of plan.prompts) checkPrompt(prompt);
  ensure(plan.prompts[0]?.firstFrame === 0, `${label}: the first of \`prompts\` begins at frame 0`);
  if (isBlockwise(plan)) checkRollout(plan, label);
  else checkWan(plan, label);
}

function checkRollout(plan: Extract<DraftPlan, RolloutPlan>, label: string): void {
  const { given, framesPerBlock } = plan;
  const total = givenFrames(plan) + plan.frames;
  planBlocks(plan.frames, framesPerBlock, given?.latents, given?.independentFirstFrame); // throws where they do not split
  checkWindow(plan, plan.window !== total);
  denoisingTimesteps(createSchedule(plan.shift), plan); // throws where the steps do not fall
  ensure(plan.negativePrompt === undefined, `${label}: ${plan.preset} takes no \`negativePrompt\``);
  checkTrim(plan.trim, label);
  let previous = -1;
  for (const { firstFrame } of plan.prompts) {
    const starts = nextBlockStart(firstFrame, framesPerBlock, given?.independentFirstFrame) === firstFrame;
    ensure(
      firstFrame > previous && firstFrame < total && starts,
      `${label}: \`prompts\` begin with blocks of the video, in order; no block for a prompt begins at latent frame ${firstFrame}`,
    );
    previous = firstFrame;
  }
}

function checkWan(plan: Extract<DraftPlan, WanPlan>, label: string): void {
  wanOptions(plan.latent, plan.frames, plan); // throws where an option is out of range
  ensure(plan.prompts.length === 1, `${label}: wan takes one prompt, found ${plan.prompts.length}`);
  ensure(plan.trim === false, `${label}: wan makes all frames at once and asks no policy: \`trim\` is false`);
  ensure(plan.decode !== 'during', `${label}: all frames of wan are done at once: \`decode\` is "after" or "never"`);
  ensure(
    (plan.guidance !== 1) === (plan.negativePrompt !== undefined),
    `${label}: a \`negativePrompt\` belongs to a \`guidance\` other than 1, and to no other`,
  );
}

function checkTrim(trim: DraftPlan['trim'], label: string): void {
  if (trim === false || trim === 'own') return;
  const names: (keyof TrimOptions)[] = ['fraction', 'sensitivity', 'warmup', 'maxRegenerations', 'check'];
  const absent = names.filter((name) => trim[name] === undefined);
  ensure(
    absent.length === 0,
    () => `${label}: \`trim\` has all of TokenTrim's parameters, found none for ${absent.join(', ')}`,
  );
}
