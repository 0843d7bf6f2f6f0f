import type { DecoderName } from '../../models/wan/model.js';
import type { TrimOptions } from '../../tokentrim/trimOptions.js';
import type { GivenPlan } from '../pictures/givenFrames.js';
import type { ScheduledPrompt } from '../prompts/promptSchedule.js';
import type { RolloutOptions } from '../rollout.js';
import type { PlannedSize } from './grid.js';
import type { WanOptions } from './wanOptions.js';
import type { WeightTypes } from './weightTypes.js';

/** Goes up when a field of a plan goes away or changes its meaning, not when one is added. */
export const PLAN_VERSION = 1;

/** Block by block over a cache (the first two), or the bidirectional model on all frames at once. */
export const PRESETS = ['self-forcing', 'rolling-forcing', 'wan'] as const;
export type Preset = (typeof PRESETS)[number];

/** What every video is, whatever makes it. */
interface VideoNumbers extends PlannedSize {
  /** Latent frames to generate. */
  readonly frames: number;
  /** Which of the decoded pictures are shown: `count` of them, after `hidden`. */
  readonly shown: { readonly hidden: number; readonly count: number };
  /** Pictures a second. */
  readonly fps: number;
}

/** A rollout with every number decided. */
export interface RolloutPlan extends VideoNumbers, Omit<RolloutOptions, 'initialLatents'> {
  readonly preset: 'self-forcing' | 'rolling-forcing';
  readonly given?: PlannedGiven;
}

/** A picture or a video that a run begins with. */
export interface PlannedGiven extends GivenPlan {
  readonly kind: 'image' | 'video';
  readonly file?: PlannedFile;
}

/** A run of the bidirectional model with every number decided. */
export interface WanPlan extends VideoNumbers, WanOptions {
  readonly preset: 'wan';
}

/** The numbers of a video: what `planRollout` decides from a model's configuration alone. */
export type VideoPlan = RolloutPlan | WanPlan;

/** When a run makes pictures: while blocks are made, after the DiT is freed, or not at all: its latents are all there is. */
export const DECODE_TIMES = ['during', 'after', 'never'] as const;
export type DecodeTime = (typeof DECODE_TIMES)[number];

/** A file that a run reads, and the digest that it had when the run was planned. */
export interface PlannedFile {
  readonly path: string;
  readonly sha256: string;
}

/** What a run is decided by, beside the numbers of its video. */
export interface RunDecisions {
  readonly version: typeof PLAN_VERSION;
  /** The program that made the plan, and its version. */
  readonly program: string;
  /** In the order of their frames, the first from frame 0. */
  readonly prompts: readonly ScheduledPrompt[];
  /** What the bidirectional model is guided away from; absent where nothing is. */
  readonly negativePrompt?: string;
  /** The seed of the noise, in digits; the file that it is read from; or `own` where the caller brings it. */
  readonly noise: { readonly seed: string } | PlannedFile | 'own';
  /** What is asked, and its parameters; false for the baseline; `own` where the caller brings a policy. */
  readonly trim: TrimOptions | false | 'own';
  /** How the parts of the model and the KV cache hold their values. */
  readonly types: WeightTypes;
  /** When pictures are made. */
  readonly decode: DecodeTime;
  /** What makes them; the model's own VAE where absent. */
  readonly decoder?: DecoderName;
  /** The model by its name, what it was opened from where that can be said, and what its parts hold. */
  readonly model: PlannedModel;
}

/** The model of a plan. */
export interface PlannedModel {
  readonly name: string;
  /** Options that open it again, such as `model` and `checkpoint`; absent for the model that is opened where none is named. */
  readonly source?: Readonly<Record<string, string>>;
  /** SHA-256 of the configuration, names, types, shapes and values of every part (`identity.ts`). */
  readonly digests: Readonly<Record<'transformer' | 'vae' | 'textEncoder' | 'tokenizer', string>> & {
    /** Where the run uses it. */
    readonly tinyVae?: string;
  };
}

/**
 * A run, decided once. It is plain data, and all that decides the video: what is counted before the run, run, reported
 * and recorded is this. `JSON.parse(JSON.stringify(plan))` runs the same video.
 */
export type Plan = VideoPlan & RunDecisions;

/** A plan whose memory was not counted yet: pictures may come during or after the rollout. */
export type DraftPlan = VideoPlan & Omit<RunDecisions, 'decode'> & Partial<Pick<RunDecisions, 'decode'>>;

/** Whether a video is made block by block over a KV cache, by a rollout that asks a policy. */
export function isBlockwise<Numbers extends VideoPlan>(plan: Numbers): plan is Extract<Numbers, RolloutPlan> {
  return plan.preset !== 'wan';
}
