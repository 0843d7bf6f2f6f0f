import { join } from 'node:path';
import { ensure } from '../errors.js';
import type { Model } from '../models/wan/model.js';
import { show } from '../options/fields.js';
import { type GenerateEvent, generate as generateIn, type GenerateRequest as Request } from '../pipelines/generate.js';
import { type MemoryPlan, planMemory as planMemoryIn } from '../pipelines/plan/planMemory.js';
import type { PromptStore } from '../pipelines/prompts/promptEmbeddings.js';
import type { Device } from '../tensor/device.js';
import { cacheFolder } from './caches/cacheFolder.js';
import { PromptEmbeddingsCache } from './caches/promptEmbeddingsCache.js';
import { LaunchLog } from './launchLog.js';

/** What of a generation is chosen; everything but a prompt has a default. */
export interface GenerateRequest extends Request {
  /** The folder where embedded prompts are kept between runs, by default in the user's cache folder; false for nowhere. */
  readonly promptCache?: string | false;
}

/**
 * A prompt becomes pictures, with embedded prompts kept on the disk.
 * @throws TokenTrimError where the request does not fit the model, or the run does not fit the device
 */
export async function* generate(device: Device, model: Model, request: GenerateRequest): AsyncGenerator<GenerateEvent> {
  yield* LaunchLog.follow(device, generateIn(device, model, withStore('generate', request)));
}

/**
 * The device memory of a run, known before it begins.
 * @param allowedBytes device memory that the run may take; where absent, what the device says that there is
 * @throws TokenTrimError where a tensor does not fit the device's limits, or the run its memory; it says what would
 */
export async function planMemory(
  device: Device,
  model: Model,
  request: GenerateRequest,
  allowedBytes?: number,
): Promise<MemoryPlan> {
  return planMemoryIn(device, model, withStore('planMemory', request), allowedBytes);
}

/** Where a request keeps embedded prompts. */
export function promptStoreIn(promptCache?: string | false): PromptStore | undefined {
  if (promptCache === false) return undefined;
  return new PromptEmbeddingsCache(join(promptCache ?? cacheFolder(), 'prompt-embeddings'));
}

function withStore(what: string, given: GenerateRequest): Request {
  if (typeof given !== 'object' || given === null) return given; // refused where it is taken apart
  const { promptCache, ...request } = given;
  ensure(
    promptCache === undefined || promptCache === false || typeof promptCache === 'string',
    () => `\`promptCache\` of ${what} must be a folder, or false for nowhere, found ${show(promptCache)}`,
  );
  return request.promptStore ? request : { ...request, promptStore: promptStoreIn(promptCache) };
}
