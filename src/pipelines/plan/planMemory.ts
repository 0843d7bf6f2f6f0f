import { ensure, TokenTrimError } from '../../errors.js';
import type { ModelConfig } from '../../models/wan/config.js';
import type { Model } from '../../models/wan/model.js';
import { availableOn } from '../../node/availableMemory.js';
import { checkCount } from '../../options/checkOptions.js';
import type { Device } from '../../tensor/device.js';
import { MAX_PLANNED_BYTES, PlanningDevice } from '../../tensor/planningDevice.js';
import { formatBytes } from '../../weights/formatBytes.js';
import type { NoiseSource } from '../noise/noise.js';
import { type GenerateRequest, runStages, type Stage } from '../stages.js';
import { checkRequest } from './generateRequest.js';
import { type MemoryChange, memoryAdvice } from './memoryAdvice.js';
import { type Plan, planRollout } from './plan.js';
import { vaeFactors } from './planSize.js';
import { RepeatedWork } from './repeatedWork.js';
import { weightTypes } from './weightTypes.js';

/** The device memory of a run, known before it begins. */
export interface MemoryPlan {
  /** When pictures are made. */
  readonly decode: 'during' | 'after';
  readonly peakBytes: number;
  /** The peak of every stage. */
  readonly stages: readonly { readonly stage: Stage; readonly peakBytes: number }[];
  /** Floating-point operations of the whole run where nothing triggers, those of products and convolutions. */
  readonly operations: number;
  /** Most that the run may take; undefined where nothing says what the device has. */
  readonly limitBytes: number | undefined;
}

/** Pictures are made beside the rollout where both fit into this much, or into what the user allows. */
const COMFORTABLE_BYTES = 8e9;

/** Blocks past the number of steps after which every window is full and nothing new is allocated. */
const STEADY_BLOCKS = 2;

/** Latent frames decoded after the rollout past which nothing new is allocated. */
const STEADY_PICTURES = 8;

/**
 * Plans the memory of a run: the run itself on a device that only counts, until it repeats itself.
 * @param allowedBytes device memory that the run may take; where absent, what a processor has left, no limit for a GPU
 * @throws TokenTrimError where a tensor does not fit the device's limits, or the run its memory; it says what would
 */
export async function planMemory(
  device: Device,
  folder: Model,
  request: GenerateRequest,
  allowedBytes?: number,
): Promise<MemoryPlan> {
  checkRequest('planMemory', request);
  const { config } = folder;
  const plan = planRollout(config, request);
  if (allowedBytes !== undefined) checkCount('planMemory: the bytes allowed', Math.floor(allowedBytes), 1);
  const limitBytes = allowedBytes ?? availableOn(device);
  const comfortable = allowedBytes ?? Math.min(limitBytes ?? Number.POSITIVE_INFINITY, COMFORTABLE_BYTES);
  const floor = leastBytes(device, config, plan);
  const most = limitBytes ?? MAX_PLANNED_BYTES;
  ensure(
    floor <= most,
    `this run needs more than ${formatBytes(floor)} of memory on ${device.name} and may take ${formatBytes(most)}: use a ` +
      `smaller --width and --height${plan.preset === 'wan' ? ', or fewer --frames' : ''}`,
  );
  const measured = (change: MemoryChange) => measure(device, folder, { ...request, ...change });
  let decode = plan.preset === 'wan' ? 'after' : (request.decode ?? 'during');
  let memory = await measured({ decode });
  if (decode === 'during' && request.decode === undefined && memory.peakBytes > comfortable) {
    decode = 'after';
    memory = await measured({ decode });
  }
  const { peakBytes } = memory;
  if (limitBytes !== undefined && peakBytes > limitBytes) {
    const { spatial, temporal } = vaeFactors(config);
    const [, height, width] = config.transformer.patch_size.map((patch) => patch * spatial);
    const { keys, ...weights } = weightTypes(folder, request.dtype, request.kvDtype);
    const hasWideWeights = Object.values(weights).includes('f32');
    const choices = { plan, peakBytes, limitBytes, decode, units: { width, height }, temporal, hasWideWeights, keys };
    const advice = await memoryAdvice(choices, async (change) => (await measured({ decode, ...change })).peakBytes);
    throw new TokenTrimError(
      `this run needs ${formatBytes(peakBytes)} of memory on ${device.name} and may take ${formatBytes(limitBytes)}: ` +
        advice,
    );
  }
  return { decode, limitBytes, ...memory };
}

/** What a run takes at the very least, without counting: pictures in the VAE's last layers, and the noise drawn at once. */
function leastBytes(device: Device, { transformer, vae }: ModelConfig, plan: Plan): number {
  const { pixel, latent } = plan;
  const together = plan.preset === 'wan' ? plan.frames : plan.framesPerBlock;
  const activations = 2 * vae.dim * pixel.height * pixel.width; // what a convolution reads and what it makes
  const noise = together * transformer.in_dim * latent.height * latent.width;
  return Math.max(activations, noise) * 4 * elementFactor(device);
}

async function measure(
  device: Device,
  folder: Model,
  request: GenerateRequest,
): Promise<Pick<MemoryPlan, 'peakBytes' | 'stages' | 'operations'>> {
  const plan = planRollout(folder.config, request);
  const counting = new PlanningDevice(device);
  const frameSize = folder.config.transformer.in_dim * plan.latent.height * plan.latent.width;
  const pictureSize = plan.pixel.height * plan.pixel.width * 3;
  const stages: { stage: Stage; peakBytes: number }[] = [];
  const endStage = () => {
    const peakBytes = counting.takePeak() * elementFactor(device);
    const current = stages.at(-1);
    if (current) stages[stages.length - 1] = { ...current, peakBytes };
  };
  const run = runStages(counting, folder, {
    ...request,
    ...standIn(request),
    promptCache: false,
    noise: () => silence(frameSize),
    pictures: ({ pictures }) => blanks(pictures, pictureSize),
    maxBlocks: (plan.preset === 'wan' ? 1 : plan.steps.length) + STEADY_BLOCKS,
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
  const unplanned = blocks.rest(plannedBlocks(plan)) + pictures.rest(plan.frames);
  const peakBytes = Math.max(...stages.map(({ peakBytes }) => peakBytes));
  return { stages, peakBytes, operations: counting.operations + unplanned };
}

/** Blocks that a rollout makes; given ones come on top and cost little. */
function plannedBlocks(plan: Plan): number {
  return plan.preset === 'wan' ? 1 : Math.ceil(plan.frames / plan.framesPerBlock);
}

/** The twins compute in float64. */
function elementFactor({ kind }: Device): number {
  return kind === 'reference' ? 2 : 1;
}

/** A policy of the user's is not asked about blocks that are not there; TokenTrim takes about what it would. */
function standIn({ policy, trim }: GenerateRequest): Pick<GenerateRequest, 'policy' | 'trim'> {
  return policy ? { policy: undefined, trim: {} } : { trim };
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
