import type { Model } from '../models/wan/model.js';
import type { Device } from '../tensor/device.js';
import { checkRequest } from './plan/generateRequest.js';
import { planMemory } from './plan/planMemory.js';
import { type GenerateEvent, type GenerateRequest, runStages } from './stages.js';

export type { PolicyFactory } from './plan/generateRequest.js';
export type { GenerateEvent, GenerateRequest } from './stages.js';

/**
 * A prompt becomes pictures: memory is planned, then the stages run (`stages.ts`).
 * @throws TokenTrimError where the request does not fit the model, or the run does not fit the device
 */
export async function* generate(
  device: Device,
  folder: Model,
  request: GenerateRequest,
): AsyncGenerator<GenerateEvent> {
  checkRequest('generate', request);
  const decode = request.decode ?? (await planMemory(device, folder, request)).decode;
  yield* runStages(device, folder, { ...request, decode });
}
