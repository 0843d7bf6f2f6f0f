import { TokenTrimError } from '../errors.js';
import type { Device } from '../tensor/device.js';
import { PlanningDevice } from '../tensor/planningDevice.js';
import type { ModelFolder } from '../weights/modelFolder.js';
import { availableOn } from './availableMemory.js';
import type { NoiseSource } from './noise.js';
import { type Plan, planRollout } from './plan.js';
import { type GenerateRequest, runStages, type Stage } from './stages.js';

/** The device memory of a run, known before it begins. */
export interface MemoryPlan {
  /** When pictures are made. */
  readonly decode: 'during' | 'after';
  readonly peakBytes: number;
  /** The peak of every stage. */
  readonly stages: readonly { readonly stage: Stage; readonly peakBytes: number }[];
  /** Most that the run may take; undefined where nothing says what the device has. */
  readonly limitBytes: number | undefined;
}

/** Pictures are made beside the rollout where both fit into this much, or into what the user allows. */
const COMFORTABLE_BYTES = 8e9;

/** Blocks past the number of steps after which every window is full and nothing new is allocated. */
const STEADY_BLOCKS = 2;

/**
 * Plans the memory of a run: the run itself on a device that only counts, until it repeats itself.
 * @param allowedBytes device memory that the run may take; where absent, what a processor has left, no limit for a GPU
 * @throws TokenTrimError where a tensor does not fit the device's limits, or the run its memory; it says what would
 */
export async function planMemory(
  device: Device,
  folder: ModelFolder,
  request: GenerateRequest,
  allowedBytes?: number,
): Promise<MemoryPlan> {
  const plan = planRollout(folder.config, request);
  const measured = (decode: 'during' | 'after') => measure(device, folder, { ...request, decode }, plan);
  const limitBytes = allowedBytes ?? availableOn(device);
  const comfortable = allowedBytes ?? Math.min(limitBytes ?? Number.POSITIVE_INFINITY, COMFORTABLE_BYTES);
  let decode = plan.preset === 'wan' ? 'after' : (request.decode ?? 'during');
  let memory = await measured(decode);
  if (decode === 'during' && request.decode === undefined && memory.peakBytes > comfortable) {
    decode = 'after';
    memory = await measured(decode);
  }
  if (limitBytes !== undefined && memory.peakBytes > limitBytes) {
    const smaller = await smallerWindow(limitBytes, plan, async (window) => {
      return (await measure(device, folder, { ...request, decode, window }, { ...plan, window } as Plan)).peakBytes;
    });
    throw new TokenTrimError(
      `this run needs ${gigabytes(memory.peakBytes)} of memory on ${device.name} and may take ${gigabytes(limitBytes)}: ` +
        `use ${smaller}a smaller --width and --height, or 16-bit weights (--dtype bf16)`,
    );
  }
  return { decode, limitBytes, ...memory };
}

async function measure(
  device: Device,
  folder: ModelFolder,
  request: GenerateRequest,
  plan: Plan,
): Promise<Pick<MemoryPlan, 'peakBytes' | 'stages'>> {
  const counting = new PlanningDevice(device);
  const frameSize = folder.config.transformer.in_dim * plan.latent.height * plan.latent.width;
  const pictureSize = plan.pixel.height * plan.pixel.width * 3;
  const elementFactor = device.kind === 'reference' ? 2 : 1; // the twins compute in float64
  const stages: { stage: Stage; peakBytes: number }[] = [];
  const endStage = () => {
    const peakBytes = counting.takePeak() * elementFactor;
    const current = stages.at(-1);
    if (current) stages[stages.length - 1] = { ...current, peakBytes };
  };
  const run = runStages(counting, folder, {
    ...request,
    promptCache: false,
    noise: () => silence(frameSize),
    pictures: ({ pictures }) => blanks(pictures, pictureSize),
    maxBlocks: (plan.preset === 'wan' ? 1 : plan.steps.length) + STEADY_BLOCKS,
  });
  for await (const event of run) {
    if (event.kind !== 'stage') continue;
    endStage();
    stages.push({ stage: event.stage, peakBytes: 0 });
  }
  endStage();
  return { stages, peakBytes: Math.max(...stages.map(({ peakBytes }) => peakBytes)) };
}

/** The largest of a few smaller windows that fits, as advice; empty where none does. */
async function smallerWindow(
  limitBytes: number,
  plan: Plan,
  peakWith: (window: number) => Promise<number>,
): Promise<string> {
  if (plan.preset === 'wan') return '';
  const { framesPerBlock: size, sink, steps, window } = plan;
  const least = sink + size * (plan.preset === 'rolling-forcing' ? steps.length : 1);
  for (const share of [0.75, 0.5, 0.25, 0]) {
    const smaller = Math.max(least, Math.floor((window * share) / size) * size);
    if (smaller >= window) continue;
    const peakBytes = await peakWith(smaller);
    if (peakBytes <= limitBytes) return `--window ${smaller} (${gigabytes(peakBytes)}), or `;
  }
  return '';
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

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
