import { ensure } from '../../errors.js';
import type { ModelConfig } from '../../models/wan/config.js';
import { checkOptions } from '../../options/checkOptions.js';
import { createSchedule, denoisingTimesteps } from '../flowMatching.js';
import { type GivenPlan, planGivenFrames } from '../pictures/givenFrames.js';
import { checkWindow, type RolloutOptions } from '../rollout.js';
import { GENERATE_OPTIONS } from './generateRequest.js';
import { checkGiven } from './inputChecks.js';
import { latentFramesFor } from './planBlocks.js';
import { type PlanRequest, planSchema } from './planRequest.js';
import { checkFrames, DEFAULT_FRAMES, type PlannedSize, planSize, vaeFactors } from './planSize.js';
import { type WanOptions, wanOptions } from './wanOptions.js';

export { type PlanRequest, PRESETS, type Preset } from './planRequest.js';

/** What every plan says. `frames` are the latent frames to generate. */
interface VideoPlan extends PlannedSize {
  readonly frames: number;
  /** Which of the decoded pictures are shown: `count` of them, after `hidden`. */
  readonly shown: { readonly hidden: number; readonly count: number };
}

/** A rollout with every number decided. */
export interface RolloutPlan extends VideoPlan, RolloutOptions {
  readonly preset: 'self-forcing' | 'rolling-forcing';
  readonly given?: GivenPlan;
}

/** A run of the bidirectional model with every number decided. */
export interface WanPlan extends VideoPlan, WanOptions {
  readonly preset: 'wan';
}

/** A run with every number decided. */
export type Plan = RolloutPlan | WanPlan;

/** Window of Rolling Forcing's attention in latent frames (TencentARC/RollingForcing: max_attention_size, in frames). */
const ROLLING_WINDOW = 21;

/**
 * Decides a run from a model's configuration and a request.
 * @throws TokenTrimError where sizes, frames or options do not fit; the message says what would
 */
export function planRollout(config: ModelConfig, request: PlanRequest): Plan {
  checkOptions('planRollout', planSchema, request, GENERATE_OPTIONS);
  return (request.preset ?? 'self-forcing') === 'wan' ? planWan(config, request) : planBlockwise(config, request);
}

/** What only a rollout in blocks has. */
const BLOCK_OPTIONS = [
  ['window', '--window'],
  ['sink', '--sink'],
  ['framesPerBlock', '--block-frames'],
  ['contextNoise', '--context-noise'],
] as const satisfies readonly (readonly [keyof PlanRequest, string])[];

function planWan(config: ModelConfig, request: PlanRequest): WanPlan {
  const { steps, solver, shift, guidance, given } = request;
  checkGiven(given !== undefined, 'wan');
  ensure(
    !steps || steps.length === 1,
    `--preset wan takes a number of --steps, such as 50, found a list: ${steps?.join(', ')}`,
  );
  for (const [name, option] of BLOCK_OPTIONS) {
    ensure(
      request[name] === undefined,
      `${option} has no meaning for --preset wan, which makes all frames at once: leave it out, or use --preset ` +
        'self-forcing or rolling-forcing',
    );
  }
  const size = planSize(config, request);
  const count = request.frames ?? DEFAULT_FRAMES;
  checkFrames(count);
  const { frames } = latentFramesFor(count, vaeFactors(config).temporal, 1);
  const options = wanOptions(size.latent, frames, { steps: steps?.[0], solver, shift, guidance });
  return { preset: 'wan', ...size, ...options, shown: { hidden: 0, count } };
}

function planBlockwise(config: ModelConfig, request: PlanRequest): RolloutPlan {
  const { sampling } = config;
  const preset = request.preset === 'rolling-forcing' ? 'rolling-forcing' : 'self-forcing';
  for (const name of ['solver', 'guidance'] as const) {
    ensure(
      request[name] === undefined,
      `--${name} is an option of --preset wan: ${preset} was trained to need neither solver nor guidance`,
    );
  }
  const [first, ...others] = request.steps ?? [];
  ensure(
    first === undefined || first === 1000 || others.length > 0,
    `--steps of ${preset} are timesteps that fall from 1000, such as 1000,750,500,250, found ${first}: a number of steps ` +
      'is for --preset wan',
  );
  const presetConfig = sampling.presets[preset];
  const framesPerBlock = request.framesPerBlock ?? sampling.frames_per_block;
  const { temporal } = vaeFactors(config);
  const size = planSize(config, request);
  if (request.frames !== undefined) checkFrames(request.frames);

  const isRolling = preset === 'rolling-forcing';
  const configured = presetConfig.local_attn_size ?? -1;
  const bounded = request.window ?? (configured > 0 ? configured : isRolling ? ROLLING_WINDOW : undefined);
  const given =
    request.given && planGivenFrames({ ...request.given, preset, temporal, framesPerBlock, window: bounded });
  const independentFirstFrame = given?.independentFirstFrame;
  const begun = given ? 1 + (given.latents - 1) * temporal - given.hidden : 0; // pictures shown that were given
  const count = request.frames ?? (request.given?.kind === 'video' ? begun - 1 : 0) + DEFAULT_FRAMES;
  const hidden = given?.hidden ?? 0;
  const made = latentFramesFor(count + hidden, temporal, framesPerBlock, independentFirstFrame);
  const frames = made.frames - (given?.latents ?? 0);
  ensure(
    frames > 0,
    `--frames ${count}: the given pictures already make ${begun}, and none is left to generate: use --frames ` +
      `${begun + 1} or more`,
  );
  checkFrames(count);

  const plan: RolloutPlan = {
    preset,
    ...size,
    frames,
    framesPerBlock,
    steps: request.steps ?? presetConfig.denoising_step_list,
    warp: presetConfig.warp_denoising_step,
    shift: request.shift ?? sampling.timestep_shift,
    window: bounded ?? made.frames,
    sink: request.sink ?? presetConfig.sink_size ?? (isRolling ? framesPerBlock : 0),
    contextNoise: request.contextNoise ?? sampling.context_noise,
    shown: { hidden, count },
    ...(given ? { given } : {}),
  };
  checkWindow(plan, bounded !== undefined);
  denoisingTimesteps(createSchedule(plan.shift), plan); // throws where the steps do not fall
  return plan;
}

/** A latent frame of a plan, [channels, height, width]. */
export function frameShape({ transformer }: ModelConfig, { latent }: Plan): [number, number, number] {
  return [transformer.in_dim, latent.height, latent.width];
}

/** Pixel frames that a plan's blocks make and the video does not need. */
export function droppedFrames(config: ModelConfig, plan: Plan): number {
  const given = plan.preset === 'wan' ? 0 : (plan.given?.latents ?? 0);
  const made = 1 + (given + plan.frames - 1) * vaeFactors(config).temporal;
  return made - plan.shown.hidden - plan.shown.count;
}

/**
 * Whether the first block joins the video before its last step: Rolling Forcing with fewer blocks than steps, where no
 * frames were given. The official code does so, and this one too.
 */
export function startsNoisy({ preset, given, frames, framesPerBlock, steps }: RolloutPlan): boolean {
  return preset === 'rolling-forcing' && !given && frames / framesPerBlock < steps.length;
}

/** Smallest number of pixel frames at which every block takes all of its denoising steps. */
export function fullyDenoisedFrames(config: ModelConfig, { steps, framesPerBlock }: RolloutPlan): number {
  const before = (steps.length - 1) * framesPerBlock; // one more picture needs one more block
  return 1 + (before - 1) * vaeFactors(config).temporal + 1;
}

/** Re-noising draws of a run in which nothing triggers. */
export function plannedDraws(plan: Plan): number {
  if (plan.preset === 'wan') return 0;
  const { frames, framesPerBlock, steps } = plan;
  const blocks = Math.ceil(frames / framesPerBlock); // a first frame of its own is a block too
  // A block needs no noise after its last step.
  return blocks * steps.length - (startsNoisy(plan) ? blocks - 1 : blocks);
}
