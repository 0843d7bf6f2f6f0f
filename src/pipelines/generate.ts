import type { Model } from '../models/wan/model.js';
import type { Device } from '../tensor/device.js';
import { settleMemory } from './plan/planMemory.js';
import { planRun } from './plan/planRun.js';
import { checkRequest, type GenerateRequest } from './plan/request.js';
import { type GenerateEvent, runPlan } from './stages.js';

export type { GenerateRequest, PolicyFactory } from './plan/request.js';
export type { GenerateEvent } from './stages.js';

/**
 * A prompt becomes pictures: the run is decided, its memory counted where that says when pictures are made, then the
 * stages run (`stages.ts`).
 * @throws TokenTrimError where the request does not fit the model, or the run does not fit the device
 */
export async function* generate(device: Device, model: Model, request: GenerateRequest): AsyncGenerator<GenerateEvent> {
  checkRequest('generate', request);
  const draft = await planRun(model, request);
  const { decode = request.state?.run?.plan.decode } = draft; // which memory decided when the run was begun
  const { preview, watch } = request;
  const settled = decode
    ? { plan: { ...draft, decode }, watch }
    : await settleMemory(device, model, draft, { preview, watch });
  yield* runPlan(device, model, settled.plan, { ...request, watch: settled.watch });
}
