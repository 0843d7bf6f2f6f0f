import * as z from 'zod';
import { ensure } from '../../errors.js';
import type { Model } from '../../models/wan/model.js';
import { checkOptions, withDefaults } from '../../options/checkOptions.js';
import { oneOf, show } from '../../options/fields.js';
import { checkSeed } from '../../tensor/random.js';
import { TRIM_DEFAULTS, type TrimOptions } from '../../tokentrim/trimOptions.js';
import { PROGRAM } from '../../version.js';
import { createSchedule, denoisingTimesteps } from '../flowMatching.js';
import { chooseDecoder } from '../pictures/chooseDecoder.js';
import { checkWindow } from '../rollout.js';
import { nextBlockStart, planBlocks, planSize } from './grid.js';
import {
  type DraftPlan,
  isBlockwise,
  PLAN_VERSION,
  type PlannedModel,
  PRESETS,
  type RolloutPlan,
  type WanPlan,
} from './plan.js';
import { modelDigests } from './planRun.js';
import { rolloutSchema, wanSchema } from './planSchemas.js';
import { givenFrames, madeFrames } from './planVideo.js';
import { checkPrompt } from './refusals.js';
import { wanOptions } from './wanOptions.js';

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

/** Twice what `planRun` makes of any request: a plan that makes more is nobody's. */
const MOST_MADE = 2_000_000;

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
    made <= MOST_MADE,
    `${label}: ${plan.frames} latent frames make ${made} pictures, and a run makes ${MOST_MADE} at most: change \`frames\``,
  );
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
