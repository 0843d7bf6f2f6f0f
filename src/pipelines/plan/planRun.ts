import type { ModelConfig } from '../../models/wan/config.js';
import { hasFullVae, type Model } from '../../models/wan/model.js';
import { vaeFactors } from '../../models/wan/vae/vaeFactors.js';
import { withDefaults } from '../../options/checkOptions.js';
import { checkSeed } from '../../tensor/random.js';
import { TRIM_DEFAULTS } from '../../tokentrim/trimOptions.js';
import { PROGRAM } from '../../version.js';
import { digestSource, sha256 } from '../../weights/digestSource.js';
import { chooseDecoder, encoderOf } from '../pictures/chooseDecoder.js';
import { parsePromptSchedule, type ScheduledPrompt } from '../prompts/promptSchedule.js';
import type { PlannedModel } from './plan.js';
import { type DraftPlan, isBlockwise, PLAN_VERSION, type RunDecisions, type VideoPlan } from './plan.js';
import { givenFrames, planRollout } from './planVideo.js';
import { checkPrompt, checkScheduled } from './refusals.js';
import { checkRequest, type GenerateRequest } from './request.js';
import { weightTypes } from './weightTypes.js';

/**
 * Decides a run from a model and a request, all but when pictures are made where the request leaves that open: this
 * memory decides (`settleMemory`).
 * @param video the numbers of the request's video, where they are decided already
 * @throws TokenTrimError where the request does not fit the model; the message says what would
 */
export async function planRun(
  model: Model,
  request: GenerateRequest,
  video: VideoPlan = planRollout(model.config, request),
): Promise<DraftPlan> {
  checkRequest('planRun', request);
  const { config } = model;
  const isPreviewed = request.preview && hasFullVae(model);
  const decode = request.decode ?? (isPreviewed ? 'after' : undefined);
  const decoder =
    decode === 'never' ? undefined : chooseDecoder(model, request.decoder ?? (isPreviewed ? 'full' : undefined));
  const usesTiny = decoder === 'tiny' || (isBlockwise(video) && video.given && encoderOf(model) === 'tiny');
  const { tinyVae, ...types } = weightTypes(model, request.dtype, request.kvDtype);
  const { tinyVae: tinyDigest, ...digests } = await modelDigests(model);
  const isGuided = !isBlockwise(video) && video.guidance !== 1;
  return {
    version: PLAN_VERSION,
    program: PROGRAM,
    ...video,
    prompts: promptsOf(config, video, request),
    ...(isGuided ? { negativePrompt: request.negativePrompt ?? WAN_NEGATIVE_PROMPT } : {}),
    noise: noiseOf(request),
    trim: trimOf(video, request),
    types: usesTiny ? { ...types, tinyVae } : types,
    // What is sampled at once is there at once.
    ...(isBlockwise(video) ? (decode ? { decode } : {}) : { decode: decode === 'never' ? decode : 'after' }),
    ...(decoder === 'tiny' ? { decoder } : {}),
    model: {
      name: config.name,
      ...(model.source ? { source: model.source } : {}),
      digests: usesTiny ? { ...digests, tinyVae: tinyDigest } : digests,
    },
  };
}

/**
 * The prompts of a request and the latent frames at which they begin.
 * @throws TokenTrimError where there is none, or the video has no block for one
 */
export function promptsOf(
  config: ModelConfig,
  video: VideoPlan,
  { prompt, schedule }: Pick<GenerateRequest, 'prompt' | 'schedule'>,
): ScheduledPrompt[] {
  if (!schedule) {
    checkPrompt(prompt);
    return [{ prompt, pixelFrame: 0, firstFrame: 0 }];
  }
  checkScheduled(prompt, video.preset);
  if (!isBlockwise(video)) return []; // refused above
  return parsePromptSchedule(schedule.text, {
    fps: config.sampling.fps,
    temporal: vaeFactors(config.vae).temporal,
    framesPerBlock: video.framesPerBlock,
    independentFirstFrame: video.given?.independentFirstFrame,
    frames: givenFrames(video) + video.frames,
    hidden: video.shown.hidden,
    label: schedule.label,
  });
}

function noiseOf({ noise, noiseFile, seed = 0 }: GenerateRequest): RunDecisions['noise'] {
  if (noiseFile) return noiseFile;
  if (noise) return 'own';
  checkSeed(seed);
  return { seed: String(seed) };
}

/** The bidirectional model asks no policy. */
function trimOf(video: VideoPlan, { policy, trim = {} }: GenerateRequest): RunDecisions['trim'] {
  if (!isBlockwise(video)) return false;
  if (policy) return 'own';
  return trim && withDefaults(TRIM_DEFAULTS, trim);
}

/** SHA-256 of what decides a part's results: its configuration, and its tensors in whatever file they lie. */
export async function modelDigests(model: Model): Promise<PlannedModel['digests']> {
  const { config, transformer, vae, tinyVae, textEncoder } = model;
  const withConfig = async (section: object, tensors: string) => sha256(JSON.stringify([section, tensors]));
  const [dit, coder, encoder, tokenizer, tiny] = await Promise.all([
    digestSource(transformer),
    digestSource(vae),
    digestSource(textEncoder),
    model.tokenizer().then(sha256),
    tinyVae && digestSource(tinyVae.tensors),
  ]);
  return {
    transformer: await withConfig(config.transformer, dit),
    vae: await withConfig(config.vae, coder),
    textEncoder: await withConfig(config.text_encoder, encoder),
    tokenizer,
    ...(tinyVae && tiny ? { tinyVae: await withConfig(tinyVae.config, tiny) } : {}),
  };
}

/**
 * What Wan2.1 guides away from where no negative prompt is given: garish, overexposed, static, blurred, subtitled, low
 * quality, deformed, extra fingers or legs, crowded, walking backwards.
 * Source: Wan-Video/Wan2.1 wan/configs/shared_config.py sample_neg_prompt.
 */
export const WAN_NEGATIVE_PROMPT =
  '色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，' +
  'JPEG压缩残留，丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，' +
  '形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走';
