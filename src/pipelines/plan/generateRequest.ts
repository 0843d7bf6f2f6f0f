import { ensure } from '../../errors.js';
import type { PatchSize } from '../../kernels/layout/patchify.js';
import type { WeightType } from '../../models/wan/loadTensors.js';
import { checkOptions, optionsOf } from '../../options/checkOptions.js';
import { alone, callback, count, oneOf, text, value } from '../../options/fields.js';
import { type StopSignal, stopSignal } from '../../options/stopSignal.js';
import { FLOAT_TYPES } from '../../tensor/tensor.js';
import { type Policy, policySchema } from '../../tokentrim/policy.js';
import { type TokenTrimOptions, trimSchema } from '../../tokentrim/trimOptions.js';
import type { NoiseSource } from '../noise/noise.js';
import type { GivenPlan } from '../pictures/givenFrames.js';
import type { Plan, RolloutPlan } from './plan.js';
import { type PlanRequest, planFields } from './planRequest.js';

/** Makes the policy of a run: `patch` is the DiT's, which defines a token. */
export type PolicyFactory = (run: { readonly plan: RolloutPlan; readonly patch: PatchSize }) => Policy;

/** What of a generation is chosen; everything but a prompt has a default. */
export interface GenerateRequest extends PlanRequest {
  readonly prompt?: string;
  /** Prompts over time in the place of one: lines `<time>: <prompt>` (`parsePromptSchedule`). */
  readonly schedule?: { readonly text: string; readonly label?: string };
  /** What the bidirectional model is guided away from; Wan2.1's own negative prompt where absent. */
  readonly negativePrompt?: string;
  /** The pictures that `given` speaks of: [height, width, 3] each, in -1 ... 1. */
  readonly pictures?: (given: GivenPlan) => AsyncIterable<Float32Array>;
  /** Its low 32 bits seed the noise; unused where `noise` is given. */
  readonly seed?: bigint | number | string;
  /** TokenTrim's parameters, or false for the baseline that accepts every block. */
  readonly trim?: Partial<TokenTrimOptions> | false;
  /** What is asked in the place of TokenTrim: a policy for this one run, which disposes of it, or what makes one. */
  readonly policy?: Policy | PolicyFactory;
  /** How large matrices are held; by default as the checkpoint has them, very large ones in 16 bits. */
  readonly dtype?: WeightType;
  /** How the KV cache holds keys and values; by default f32 beside f32 weights, else f16. */
  readonly kvDtype?: WeightType;
  /** Whether pictures are made while blocks are, or after the DiT is freed; where absent, what memory allows. */
  readonly decode?: 'during' | 'after';
  /** Noise to use in the place of the seed's. */
  readonly noise?: (plan: Plan) => Promise<NoiseSource> | NoiseSource;
  /** Where embedded prompts are kept between runs; false for nowhere. */
  readonly promptCache?: string | false;
  /** Ends the video after so many generated blocks. */
  readonly maxBlocks?: number;
  /** Ends the run: while weights are loading with an error, later after the call at hand, with what is finished. */
  readonly signal?: StopSignal;
}

const seed = (given: unknown) => ['bigint', 'number', 'string'].includes(typeof given);

const generateFields = {
  prompt: text.optional(),
  schedule: optionsOf<NonNullable<GenerateRequest['schedule']>>()({ text, label: text.optional() }).optional(),
  negativePrompt: text.optional(),
  pictures: callback<NonNullable<GenerateRequest['pictures']>>().optional(),
  seed: value<bigint | number | string>('must be a whole number, or text of one', seed).optional(),
  trim: alone(isFalse, "must be TokenTrim's parameters, or false for the baseline", trimSchema).optional(),
  policy: alone(isFactory, 'must be a policy, or a function that makes one', policySchema).optional(),
  dtype: oneOf(FLOAT_TYPES).optional(),
  kvDtype: oneOf(FLOAT_TYPES).optional(),
  decode: oneOf(['during', 'after']).optional(),
  noise: callback<NonNullable<GenerateRequest['noise']>>().optional(),
  promptCache: value<string | false>(
    'must be a folder, or false for nowhere',
    (given) => typeof given === 'string' || isFalse(given),
  ).optional(),
  maxBlocks: count(1).optional(),
  signal: stopSignal.optional(),
};

const generateSchema = optionsOf<GenerateRequest>()({ ...planFields, ...generateFields });

/**
 * @internal Refuses options that are misspelt, of another type, or at odds with each other.
 * @param what function they are given to
 */
export function checkRequest(what: string, request: GenerateRequest): void {
  checkOptions(what, generateSchema, request);
  if (request.policy === undefined) return;
  ensure(
    request.trim === undefined,
    "there are a policy and TokenTrim's parameters (`trim`): leave one of them out; tokenTrim(patch, parameters) is a policy",
  );
  ensure(
    request.preset !== 'wan',
    'the bidirectional model makes all frames at once and asks no policy: use the preset self-forcing or rolling-forcing',
  );
}

/** @internal What a generation takes and its plan does not. */
export const GENERATE_OPTIONS: readonly string[] = Object.keys(generateFields);

function isFalse(given: unknown): given is false {
  return given === false;
}

function isFactory(given: unknown): given is PolicyFactory {
  return typeof given === 'function';
}
