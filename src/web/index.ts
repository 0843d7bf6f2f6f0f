/**
 * TokenTrim in a page: the same engine on the browser's own WebGPU.
 *
 * @example
 * import { createGenerator } from 'tokentrim/web';
 *
 * const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }); // import 'tokentrim/web/worker';
 * const generator = createGenerator(worker);
 * await generator.open({ url: 'toy-world/' });
 * const prompt = 'a red circle bounces left and right on a navy background';
 * for await (const event of generator.run({ prompt, frames: 33 })) {
 *   if (event.kind === 'frames') console.log(event.block, event.frames.length, 'pictures');
 * }
 * @packageDocumentation
 */

/** Errors whose message is meant for the person at the page. */
export { TokenTrimError } from '../errors.js';
/** Names the first launch that makes NaN or infinity. */
export { checkNumerics } from '../kernels/numerics/checkNumerics.js';
/** A prompt becomes pictures, block by block, where this is called: in a page's worker, better than in the page. */
export { type GenerateEvent, type GenerateRequest, generate } from '../pipelines/generate.js';
/** A run that was decided once: plain data. */
export type { Plan } from '../pipelines/plan/plan.js';
export { MemoryPromptStore } from '../pipelines/prompts/memoryPromptStore.js';
/** What tensors live on. */
export type { Device } from '../tensor/device.js';
/** Shows tensors in Chrome's tools. */
export { tensorFormatter } from '../tensor/tensorFormatter.js';
/** What a policy found for a block. */
export type { Decision } from '../tokentrim/policy.js';
/** What a run asks, and the parameters of the paper. */
export {
  TOKENTRIM_DEFAULTS,
  type TokenTrimOptions,
  TRIM_DEFAULTS,
  TRIM_POLICIES,
  type TrimOptions,
} from '../tokentrim/trimOptions.js';
/** Where bytes of weights come from. */
export type { ByteSource } from '../weights/byteSource.js';
export { BlobBytes } from './blobBytes.js';
/** A worker that generates, and the page's end of it. */
export { createGenerator, type GeneratorWorker, type RemoteGenerator } from './createGenerator.js';
export type { Pace } from './gate.js';
export type { ModelPlace, OpenedModel, PostedDeviceOptions, PostedEvent, PostedRequest } from './messages.js';
export { type BrowserDeviceOptions, openBrowserDevice } from './openBrowserDevice.js';
export { type ModelFiles, type OpenModel, openModelFromFiles, openModelFromUrl } from './openModel.js';
export { openUrlBytes } from './urlBytes.js';
