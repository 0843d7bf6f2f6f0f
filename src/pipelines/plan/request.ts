import { ensure } from '../../errors.js';
import type { PatchSize } from '../../kernels/layout/patchify.js';
import { KEY_TYPES, type KeyType } from '../../kernels/rows/keyType.js';
import type { WeightType } from '../../models/wan/loadTensors.js';
import { DECODERS, type DecoderName } from '../../models/wan/model.js';
import { checkOptions, optionsOf } from '../../options/checkOptions.js';
import { alone, callback, count, flag, number, oneOf, someNumber, text, value } from '../../options/fields.js';
import { type StopSignal, stopSignal } from '../../options/stopSignal.js';
import { FLOAT_TYPES } from '../../tensor/tensor.js';
import { type Policy, policySchema } from '../../tokentrim/policy.js';
import { type TrimOptions, trimSchema } from '../../tokentrim/trimOptions.js';
import { HeldWeights } from '../heldWeights.js';
import type { NoiseSource } from '../noise/noise.js';
import type { GivenPlan } from '../pictures/givenFrames.js';
import type { PromptStore } from '../prompts/promptEmbeddings.js';
import { RunState } from '../resume/runState.js';
import { contextNoise, stepList } from '../rollout.js';
import { SOLVER_NAMES, type SolverName } from '../solvers/createSolver.js';
import { type FlowmoOptions, flowmoRequestSchema } from './flowmoOptions.js';
import {
  DECODE_TIMES,
  type DecodeTime,
  type DraftPlan,
  type PlannedFile,
  PRESETS,
  type Preset,
  type RolloutPlan,
  type VideoPlan,
} from './plan.js';
import { type Watching, watchSchema } from './watching.js';

export type { Watching } from './watching.js';

/** What of a run a user may choose; everything absent comes from the checkpoint's configuration. */
export interface PlanRequest {
  readonly preset?: Preset;
  /** Pixel frames of the video, given ones included: any number. What whole blocks make beyond it is dropped. */
  readonly frames?: number;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Pictures a second of the finished video. */
  readonly fps?: number;
  /** Denoising steps from 1000 down; for `wan` one number, how many steps its solver takes. */
  readonly steps?: readonly number[];
  readonly shift?: number;
  /** Latent frames. */
  readonly window?: number;
  readonly sink?: number;
  readonly framesPerBlock?: number;
  readonly contextNoise?: number;
  /** Steadies the motion of the first block, or of each, by FlowMo; off where absent. */
  readonly flowmo?: Partial<FlowmoOptions> | false;
  /** Of the bidirectional model. */
  readonly solver?: SolverName;
  readonly guidance?: number;
  /** A picture that the video begins with, or a video that it continues, how many pictures there are, and their file. */
  readonly given?: { readonly kind: 'image' | 'video'; readonly available: number; readonly file?: PlannedFile };
}

/** Makes the policy of a run: `patch` is the DiT's, which defines a token. */
export type PolicyFactory = (run: { readonly plan: RolloutPlan; readonly patch: PatchSize }) => Policy;

/** What a run needs beside its plan: what is no data, and what decides nothing of the video. */
export interface RunInputs {
  /** The pictures that the plan's `given` speaks of: [height, width, 3] each, in -1 ... 1. */
  readonly pictures?: (given: GivenPlan) => AsyncIterable<Float32Array>;
  /** Noise to use in the place of the seed's. */
  readonly noise?: (plan: VideoPlan) => Promise<NoiseSource> | NoiseSource;
  /** What is asked in the place of TokenTrim: a policy for this one run, which disposes of it, or what makes one. */
  readonly policy?: Policy | PolicyFactory;
  /** Where embedded prompts are kept between runs. */
  readonly promptStore?: PromptStore;
  /**
   * Makes the pictures of every block with the tiny VAE too, as soon as it is accepted (events `preview`). They decide
   * nothing: the model's own VAE then makes those of the video, after the rollout, unless the request says otherwise.
   */
  readonly preview?: boolean;
  /** Tells more, and decides nothing: for a trace. */
  readonly watch?: Watching;
  /** Ends the video after so many generated blocks. */
  readonly maxBlocks?: number;
  /** Where the run keeps its state as it goes, and goes on from one that is there; see `openRunState`. */
  readonly state?: RunState;
  /** Where weights stay between runs on one device and one model; without it a run loads its own, and frees them. */
  readonly held?: HeldWeights;
  /** Ends the run: while weights are loading with an error, later after the call at hand, with what is finished. */
  readonly signal?: StopSignal;
}

/** What of a generation is chosen; everything but a prompt has a default. */
export interface GenerateRequest extends PlanRequest, RunInputs {
  readonly prompt?: string;
  /** Prompts over time in the place of one: lines `<time>: <prompt>` (`parsePromptSchedule`). */
  readonly schedule?: { readonly text: string; readonly label?: string };
  /** What the bidirectional model is guided away from; Wan2.1's own negative prompt where absent. */
  readonly negativePrompt?: string;
  /** Its low 32 bits seed the noise; unused where `noise` is given. */
  readonly seed?: bigint | number | string;
  /** The file that `noise` reads, for the plan. */
  readonly noiseFile?: PlannedFile;
  /** What is asked (`policy`, by default TokenTrim) and its parameters, or false for the baseline that accepts every block. */
  readonly trim?: Partial<TrimOptions> | false;
  /** How large matrices are held; by default as the checkpoint has them, very large ones in 16 bits. */
  readonly dtype?: WeightType;
  /** How the KV cache holds keys and values; by default f32 beside f32 weights, else f16. `i8` takes half of f16. */
  readonly kvDtype?: KeyType;
  /** When pictures are made; where absent, during or after the rollout, by memory. With `never` no VAE is loaded for them. */
  readonly decode?: DecodeTime;
  /**
   * The model's own VAE makes pictures, or a tiny one, which is much less work and nearly as good. Where absent, the tiny
   * one if it was named as `vae`, or if there is no other.
   */
  readonly decoder?: DecoderName;
}

const plannedFile = optionsOf<PlannedFile>()({ path: text, sha256: text });

/** Sizes, frames, steps and scales are checked where a plan is made of them. */
const planFields = {
  preset: oneOf(PRESETS).optional(),
  frames: someNumber.optional(),
  width: someNumber.optional(),
  height: someNumber.optional(),
  fps: number('must be a number above 0', (fps) => fps > 0).optional(),
  steps: stepList('a list of timesteps such as [1000, 750, 500, 250]; for wan of one number, such as [50]').optional(),
  shift: someNumber.optional(),
  window: count(1).optional(),
  sink: count(0).optional(),
  framesPerBlock: count(1).optional(),
  contextNoise: contextNoise().optional(),
  flowmo: alone(isFalse, 'must be options of FlowMo, or false', flowmoRequestSchema).optional(),
  solver: oneOf(SOLVER_NAMES).optional(),
  guidance: someNumber.optional(),
  given: optionsOf<NonNullable<PlanRequest['given']>>()({
    kind: oneOf(['image', 'video']),
    available: count(1),
    file: plannedFile.optional(),
  }).optional(),
};

const seed = (given: unknown) => ['bigint', 'number', 'string'].includes(typeof given);

const inputFields = {
  pictures: callback<NonNullable<RunInputs['pictures']>>().optional(),
  noise: callback<NonNullable<RunInputs['noise']>>().optional(),
  policy: alone(isFactory, 'must be a policy, or a function that makes one', policySchema).optional(),
  promptStore: value<PromptStore>('must be an object with read and write', isStore).optional(),
  preview: flag.optional(),
  watch: watchSchema.optional(),
  maxBlocks: count(1).optional(),
  state: value<RunState>("must be a run's state (openRunState)", (given) => given instanceof RunState).optional(),
  held: value<HeldWeights>(
    'must be held weights (new HeldWeights())',
    (given) => given instanceof HeldWeights,
  ).optional(),
  signal: stopSignal.optional(),
};

const choiceFields = {
  prompt: text.optional(),
  schedule: optionsOf<NonNullable<GenerateRequest['schedule']>>()({ text, label: text.optional() }).optional(),
  negativePrompt: text.optional(),
  seed: value<bigint | number | string>('must be a whole number, or text of one', seed).optional(),
  noiseFile: plannedFile.optional(),
  trim: alone(isFalse, "must be TokenTrim's parameters, or false for the baseline", trimSchema).optional(),
  dtype: oneOf(FLOAT_TYPES).optional(),
  kvDtype: oneOf(KEY_TYPES).optional(),
  decode: oneOf(DECODE_TIMES).optional(),
  decoder: oneOf(DECODERS).optional(),
};

const planSchema = optionsOf<PlanRequest>()(planFields);
const inputSchema = optionsOf<RunInputs>()(inputFields);
const requestSchema = optionsOf<GenerateRequest>()({ ...planFields, ...choiceFields, ...inputFields });

/** @internal Refuses what is no request of numbers; what a generation takes beside them is passed over. */
export function checkPlanRequest(request: PlanRequest): void {
  checkOptions('planRollout', planSchema, request, [...Object.keys(choiceFields), ...Object.keys(inputFields)]);
}

/**
 * @internal Refuses options that are misspelt, of another type, or at odds with each other.
 * @param what function they are given to
 */
export function checkRequest(what: string, request: GenerateRequest): void {
  checkOptions(what, requestSchema, request);
  ensure(
    request.decode !== 'never' || (request.decoder === undefined && !request.preview),
    '`decode` never makes no pictures, and `decoder` and `preview` say how some are made: leave them out',
  );
  if (request.policy === undefined) return;
  ensure(
    request.trim === undefined,
    "there are a policy and TokenTrim's parameters (`trim`): leave one of them out; trimPolicy(patch, parameters) is a policy",
  );
  ensure(
    request.preset !== 'wan',
    'the bidirectional model makes all frames at once and asks no policy: use the preset self-forcing or rolling-forcing',
  );
}

/** @internal Refuses inputs that are misspelt, and a plan that speaks of some that are not there. */
export function checkInputs(what: string, plan: DraftPlan, inputs: RunInputs): void {
  const others = [...Object.keys(planFields), ...Object.keys(choiceFields)]; // a request may be given as it is
  checkOptions(what, inputSchema, inputs, others);
  const hasPictures = !('given' in plan && plan.given) || inputs.pictures !== undefined;
  ensure(hasPictures, 'a plan with given pictures needs the pictures');
  ensure(plan.trim !== 'own' || inputs.policy, 'the plan was made for a policy of its own: give the `policy` again');
  const isSeeded = typeof plan.noise === 'object' && 'seed' in plan.noise;
  ensure(isSeeded || inputs.noise, 'the plan was made for noise that is not of a seed: give the `noise` again');
}

function isFalse(given: unknown): given is false {
  return given === false;
}

function isFactory(given: unknown): given is PolicyFactory {
  return typeof given === 'function';
}

function isStore(given: unknown): given is PromptStore {
  const store = given as Partial<PromptStore> | null;
  return typeof store?.read === 'function' && typeof store.write === 'function';
}
