import { ensure, TokenTrimError } from '../../errors.js';
import type { ModelConfig } from '../../models/wan/config.js';
import type { Model } from '../../models/wan/model.js';
import { vaeFactors } from '../../models/wan/vae/vaeFactors.js';
import { checkCount } from '../../options/checkOptions.js';
import type { Device } from '../../tensor/device.js';
import type { LargestWork } from '../../tensor/gpu/submissionCount.js';
import { MAX_PLANNED_BYTES, PlanningDevice } from '../../tensor/planningDevice.js';
import { TOKENTRIM_DEFAULTS } from '../../tokentrim/trimOptions.js';
import { formatBytes } from '../../weights/quote.js';
import type { NoiseSource } from '../noise/noise.js';
import { runPlan, type Stage } from '../stages.js';
import { countedPolicy } from './countedPolicy.js';
import { type MemoryChange, memoryAdvice } from './memoryAdvice.js';
import { methodOf } from './methods.js';
import { type DecodeTime, type DraftPlan, isBlockwise, type Plan } from './plan.js';
import { planRun } from './planRun.js';
import { checkRequest, type GenerateRequest, type Watching } from './request.js';

/** The device memory of a run, known before it begins. */
export interface MemoryPlan {
  /** When pictures are made. */
  readonly decode: DecodeTime;
  readonly peakBytes: number;
  /** The peak of every stage. */
  readonly stages: readonly { readonly stage: Stage; readonly peakBytes: number }[];
  /** Floating-point operations of the whole run where nothing triggers, those of products and convolutions. */
  readonly operations: number;
  /** The largest dispatch and submission, as launches are cut before the adapter's speed is known. */
  readonly largestWork: LargestWork;
  /** Most that the run may take; undefined where nothing says what the device has. */
  readonly limitBytes: number | undefined;
}

/** Pictures are made beside the rollout where both fit into this much, or into what the user allows. */
const COMFORTABLE_BYTES = 8e9;

/** Blocks past those that fill every window after which nothing more is allocated. */
const STEADY_BLOCKS = 2;

/** Latent frames decoded after the rollout past which nothing more is allocated. */
const STEADY_PICTURES = 8;

/**
 * Plans the memory of a run: the run itself on a device that only counts, until it repeats itself.
 * @param allowedBytes device memory that the run may take; where absent, what the device says that there is
 * @throws TokenTrimError where a tensor does not fit the device's limits, or the run its memory; it says what would
 */
export async function planMemory(
  device: Device,
  model: Model,
  request: GenerateRequest,
  allowedBytes?: number,
): Promise<MemoryPlan> {
  checkRequest('planMemory', request);
  const draft = await planRun(model, request);
  const replan = (change: MemoryChange) => planRun(model, { ...request, ...change });
  const { preview, watch } = request;
  return (await settleMemory(device, model, draft, { allowedBytes, replan, preview, watch })).memory;
}

/** What `settleMemory` may go by. */
export interface MemoryOptions {
  /** Device memory that the run may take; where absent, what the device says that there is. */
  readonly allowedBytes?: number;
  /** The plan of a smaller run, for advice where this one does not fit; without it no advice is given. */
  readonly replan?: (change: MemoryChange) => Promise<DraftPlan>;
  /** Whether the run makes a preview too (`RunInputs`). */
  readonly preview?: boolean;
  /** What it tells beside the rest (`RunInputs`); what takes memory is left out where it does not fit. */
  readonly watch?: Watching;
}

/**
 * Counts the memory of a plan and decides by it when pictures are made, where the plan leaves that open.
 * @throws TokenTrimError where a tensor does not fit the device's limits, or the run its memory
 */
export async function settleMemory(
  device: Device,
  model: Model,
  draft: DraftPlan,
  { allowedBytes, replan, preview, watch }: MemoryOptions = {},
): Promise<{ readonly plan: Plan; readonly memory: MemoryPlan; readonly watch: Watching | undefined }> {
  if (allowedBytes !== undefined) checkCount('planMemory: the bytes allowed', Math.floor(allowedBytes), 1);
  const limitBytes = allowedBytes ?? device.availableBytes?.();
  const comfortable = allowedBytes ?? Math.min(limitBytes ?? Number.POSITIVE_INFINITY, COMFORTABLE_BYTES);
  const floor = leastBytes(device, model, draft);
  const most = limitBytes ?? MAX_PLANNED_BYTES;
  ensure(
    floor <= most,
    `this run needs more than ${formatBytes(floor)} of memory on ${device.name} and may take ${formatBytes(most)}: use a ` +
      `smaller \`width\` and \`height\`${isBlockwise(draft) ? '' : ', or fewer `frames`'}`,
  );
  let plan: Plan = { ...draft, decode: draft.decode ?? 'during' };
  let watched = watch;
  const extra = () => ({ preview, watch: watched });
  let counted = await count(device, model, plan, extra());
  if (watch?.rejected && counted.peakBytes > comfortable) {
    watched = { ...watch, rejected: false };
    counted = await count(device, model, plan, extra());
  }
  if (draft.decode === undefined && counted.peakBytes > comfortable) {
    plan = { ...draft, decode: 'after' };
    counted = await count(device, model, plan, extra());
  }
  const { peakBytes } = counted;
  if (limitBytes !== undefined && peakBytes > limitBytes) {
    const peakOf = async (change: MemoryChange) => {
      const smaller = (await replan?.({ decode: plan.decode, ...change })) as Plan;
      return (await count(device, model, smaller, extra())).peakBytes;
    };
    const choices = {
      ...choicesOf(model.config, plan),
      hasTinyVae: model.tinyVae !== undefined,
      peakBytes,
      limitBytes,
    };
    const advice = replan ? await memoryAdvice(choices, peakOf) : 'plan one with a smaller window or size';
    throw new TokenTrimError(
      `this run needs ${formatBytes(peakBytes)} of memory on ${device.name} and may take ${formatBytes(limitBytes)}: ${advice}`,
    );
  }
  return { plan, memory: { decode: plan.decode, limitBytes, ...counted }, watch: watched };
}

function choicesOf(config: ModelConfig, plan: Plan) {
  const { spatial, temporal } = vaeFactors(config.vae);
  const [, height, width] = config.transformer.patch_size.map((patch) => patch * spatial);
  return { plan, units: { width, height }, temporal };
}

/** What a run takes at the very least, without counting: pictures in the VAE's last layers, and the noise drawn at once. */
function leastBytes(device: Device, { config, tinyVae }: Model, plan: DraftPlan): number {
  const { transformer, vae } = config;
  const { pixel, latent } = plan;
  const tiny = plan.decoder === 'tiny' ? tinyVae?.config : undefined;
  const channels = tiny ? tiny.decoder_widths[3] / tiny.patch_size ** 2 : vae.dim;
  // What a convolution reads and what it makes.
  const activations = plan.decode === 'never' ? 0 : 2 * channels * pixel.height * pixel.width;
  const noise = methodOf(plan).framesAtOnce(plan) * transformer.in_dim * latent.height * latent.width;
  return Math.max(activations, noise) * 4 * elementFactor(device);
}

/** Runs a plan on a device that only counts, until it repeats itself. */
async function count(
  device: Device,
  model: Model,
  plan: Plan,
  told: Pick<MemoryOptions, 'preview' | 'watch'>,
): Promise<Pick<MemoryPlan, 'peakBytes' | 'stages' | 'operations' | 'largestWork'>> {
  const counting = new PlanningDevice(device);
  const method = methodOf(plan);
  const frameSize = model.config.transformer.in_dim * plan.latent.height * plan.latent.width;
  const pictureSize = plan.pixel.height * plan.pixel.width * 3;
  const stages: { stage: Stage; peakBytes: number }[] = [];
  const endStage = () => {
    const peakBytes = counting.takePeak() * elementFactor(device);
    const current = stages.at(-1);
    if (current) stages[stages.length - 1] = { ...current, peakBytes };
  };
  // No policy is asked about blocks that are not there: one that holds as much is. Of a user's own, TokenTrim takes about as much.
  const { trim } = plan;
  const check = typeof trim === 'object' ? trim.check : TOKENTRIM_DEFAULTS.check;
  const run = runPlan(counting, model, plan, {
    ...told,
    policy: trim === false && !told.watch ? undefined : ({ patch }) => countedPolicy(patch, check),
    noise: () => silence(frameSize),
    pictures: ({ pictures }) => blanks(pictures, pictureSize),
    maxBlocks: method.fillingBlocks(plan) + STEADY_BLOCKS,
  });
  const blocks = new RepeatedWork(counting);
  const pictures = new RepeatedWork(counting); // where they are made after the rollout
  for await (const event of run) {
    if (event.kind === 'block') blocks.step();
    if (event.kind === 'frames' && stages.at(-1)?.stage === 'decode' && pictures.step() === STEADY_PICTURES) break;
    if (event.kind !== 'stage') continue;
    endStage();
    stages.push({ stage: event.stage, peakBytes: 0 });
  }
  endStage();
  // Given blocks come on top of those that a rollout makes, and cost little.
  const unplanned = blocks.rest(method.blocks(plan)) + pictures.rest(plan.frames);
  const peakBytes = Math.max(...stages.map(({ peakBytes }) => peakBytes));
  return { stages, peakBytes, operations: counting.operations + unplanned, largestWork: counting.largestWork };
}

/** The work of steps that repeat themselves: a count follows the first ones, and the last of those stands for the rest. */
class RepeatedWork {
  #steps = 0;
  #before: number; // operations when the latest step began
  #latest = 0; // operations of the latest step

  constructor(private readonly counter: { readonly operations: number }) {
    this.#before = counter.operations;
  }

  /** A step is done; how many that makes. */
  step(): number {
    this.#latest = this.counter.operations - this.#before;
    this.#before = this.counter.operations;
    return ++this.#steps;
  }

  /** Operations of the steps that were not followed, of so many in all; 0 where none was. */
  rest(steps: number): number {
    return Math.max(0, steps - this.#steps) * this.#latest;
  }
}

/** The twins compute in float64. */
function elementFactor({ kind }: Device): number {
  return kind === 'reference' ? 2 : 1;
}

function silence(frameSize: number): NoiseSource {
  return {
    initial: async (_, count) => new Float32Array(count * frameSize),
    renoise: async (_count, _from, used) => new Float32Array(used * frameSize),
  };
}

async function* blanks(count: number, size: number): AsyncGenerator<Float32Array> {
  const blank = new Float32Array(size);
  for (let picture = 0; picture < count; picture++) yield blank;
}
