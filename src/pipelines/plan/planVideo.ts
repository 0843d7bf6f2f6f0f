import { ensure } from '../../errors.js';
import type { ModelConfig } from '../../models/wan/config.js';
import { vaeFactors } from '../../models/wan/vae/vaeFactors.js';
import { createSchedule, denoisingTimesteps } from '../flowMatching.js';
import { planGivenFrames } from '../pictures/givenFrames.js';
import { checkWindow } from '../rollout.js';
import { flowmoOptions } from './flowmoOptions.js';
import { checkFrames, DEFAULT_FRAMES, latentFramesFor, planSize } from './grid.js';
import { isBlockwise, type RolloutPlan, type VideoPlan, type WanPlan } from './plan.js';
import { checkGiven } from './refusals.js';
import { checkPlanRequest, type PlanRequest } from './request.js';
import { wanOptions } from './wanOptions.js';

/** Window of Rolling Forcing's attention in latent frames (TencentARC/RollingForcing: max_attention_size, in frames). */
const ROLLING_WINDOW = 21;

/**
 * Decides the numbers of a video from a model's configuration and a request.
 * @throws TokenTrimError where sizes, frames or options do not fit; the message says what would
 */
export function planRollout(config: ModelConfig, request: PlanRequest): VideoPlan {
  checkPlanRequest(request);
  const preset = request.preset ?? 'self-forcing';
  return preset === 'wan' ? planWan(config, request) : planBlockwise(config, request, preset);
}

/** What only a rollout in blocks has. */
const BLOCK_OPTIONS = ['window', 'sink', 'framesPerBlock', 'contextNoise'] as const satisfies (keyof PlanRequest)[];

function planWan(config: ModelConfig, request: PlanRequest): WanPlan {
  const { steps, solver, shift, guidance, given, flowmo } = request;
  checkGiven(given !== undefined, 'wan');
  ensure(
    !steps || steps.length === 1,
    `\`preset\` wan takes a number of \`steps\`, such as 50, found a list: ${steps?.join(', ')}`,
  );
  for (const name of BLOCK_OPTIONS) {
    ensure(
      request[name] === undefined,
      `\`${name}\` has no meaning for \`preset\` wan, which makes all frames at once: leave it out, or use \`preset\` ` +
        'self-forcing or rolling-forcing',
    );
  }
  const size = planSize(config, request);
  const count = request.frames ?? DEFAULT_FRAMES;
  checkFrames(count);
  const { frames } = latentFramesFor(count, vaeFactors(config.vae).temporal, 1);
  const options = wanOptions(size.latent, frames, { steps: steps?.[0], solver, shift, guidance, flowmo });
  return { preset: 'wan', ...size, ...options, shown: { hidden: 0, count }, fps: request.fps ?? config.sampling.fps };
}

function planBlockwise(config: ModelConfig, request: PlanRequest, preset: RolloutPlan['preset']): RolloutPlan {
  const { sampling } = config;
  for (const name of ['solver', 'guidance'] as const) {
    ensure(
      request[name] === undefined,
      `\`${name}\` is an option of \`preset\` wan: ${preset} was trained to need neither solver nor guidance`,
    );
  }
  const [first, ...others] = request.steps ?? [];
  ensure(
    first === undefined || first === 1000 || others.length > 0,
    `\`steps\` of ${preset} are timesteps that fall from 1000, such as 1000,750,500,250, found ${first}: a number of steps ` +
      'is for `preset` wan',
  );
  const presetConfig = sampling.presets[preset];
  const framesPerBlock = request.framesPerBlock ?? sampling.frames_per_block;
  const { temporal } = vaeFactors(config.vae);
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
    `\`frames\` ${count}: the given pictures already make ${begun}, and none is left to generate: use \`frames\` ` +
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
    ...flowmoOf(request),
    shown: { hidden, count },
    fps: request.fps ?? sampling.fps,
    ...(given && request.given ? { given: { ...given, ...kindAndFile(request.given) } } : {}),
  };
  checkWindow(plan, bounded !== undefined);
  denoisingTimesteps(createSchedule(plan.shift), plan); // throws where the steps do not fall
  return plan;
}

/** Nothing where it is off, as in plans from before there was a choice. */
function flowmoOf({ flowmo }: PlanRequest): Pick<RolloutPlan, 'flowmo'> {
  const decided = flowmoOptions(flowmo);
  return decided ? { flowmo: decided } : {};
}

function kindAndFile({ kind, file }: NonNullable<PlanRequest['given']>) {
  return file ? { kind, file } : { kind };
}

/** A latent frame of a plan, [channels, height, width]. */
export function frameShape({ transformer }: ModelConfig, { latent }: VideoPlan): [number, number, number] {
  return [transformer.in_dim, latent.height, latent.width];
}

/** Latent frames that a video begins with. */
export function givenFrames(plan: VideoPlan): number {
  return isBlockwise(plan) ? (plan.given?.latents ?? 0) : 0;
}

/** Pixel frames that a plan makes, those that are not shown included. */
export function madeFrames(config: ModelConfig, plan: VideoPlan): number {
  return 1 + (givenFrames(plan) + plan.frames - 1) * vaeFactors(config.vae).temporal;
}

/** Pixel frames that a plan's blocks make and the video does not need. */
export function droppedFrames(config: ModelConfig, plan: VideoPlan): number {
  return madeFrames(config, plan) - plan.shown.hidden - plan.shown.count;
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
  return 1 + (before - 1) * vaeFactors(config.vae).temporal + 1;
}
