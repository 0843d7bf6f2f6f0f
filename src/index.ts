/**
 * TokenTrim for autoregressive long-video diffusion, on WebGPU.
 *
 * @example
 * import { generate, openDevice, openModelFolder, toyWorld } from 'tokentrim';
 *
 * const device = await openDevice();
 * const model = await openModelFolder(toyWorld);
 * const prompt = 'a red circle bounces left and right on a navy background';
 * for await (const event of generate(device, model, { prompt, frames: 33 })) {
 *   if (event.kind === 'block') console.log(event.block, event.decision);
 * }
 * device.close();
 * @packageDocumentation
 */

/** Errors whose message is meant for the person at the terminal. */
export { TokenTrimError } from './errors.js';
/** Which form of each kernel is the fastest here. */
export { type Tuned, type TuneOptions, tuneKernels } from './kernels/trials/tuneKernels.js';
/** Where frames go: an .mp4 written while it is generated, or a folder of PNG files. */
export { type FrameSink, openFrameSink } from './media/frameSink.js';
/** The causal DiT and its prompt. */
export { prepareContext, type TextContext } from './models/wan/crossAttention.js';
/** The KV cache: frames, rows, eviction and pruning. */
export { KvCache, type KvCacheOptions } from './models/wan/kvCache.js';
export { cleanPrompt } from './models/wan/text/clean.js';
export { loadTokenizer } from './models/wan/text/tokenize.js';
export { encodePrompt } from './models/wan/text/umt5.js';
export { loadTextEncoder } from './models/wan/text/weights.js';
export { predictFlow } from './models/wan/transformer.js';
export { freeVaeEncoder, loadVaeEncoder } from './models/wan/vae/encoderWeights.js';
export { createVaeEncodeStream, type VaeEncodeStream } from './models/wan/vae/encodeStream.js';
export { createVaeStream, type VaeStream } from './models/wan/vae/stream.js';
export { loadVaeDecoder } from './models/wan/vae/weights.js';
export { loadTransformer, type Transformer } from './models/wan/weights.js';
/** Comparison with recorded outputs of another implementation. */
export { type CaseReport, runCase } from './parity/runCase.js';
/** Noise: of a seed, or recorded. */
export { fileNoise } from './pipelines/fileNoise.js';
/** From a prompt to pictures. */
export { type GenerateEvent, type GenerateRequest, generate } from './pipelines/generate.js';
export type { NoiseSource } from './pipelines/noise.js';
export type { Picture } from './pipelines/pictures.js';
export { type Plan, type PlanRequest, planRollout } from './pipelines/plan.js';
export { type MemoryPlan, planMemory } from './pipelines/planMemory.js';
export { rollingForcing } from './pipelines/rollingForcing.js';
export type { RolloutEvent } from './pipelines/rolloutEvent.js';
export type { RolloutOptions } from './pipelines/rolloutOptions.js';
export { seededNoise } from './pipelines/seededNoise.js';
export { type SelfForcingOptions, selfForcing } from './pipelines/selfForcing.js';
export { type GuidanceContexts, wanSampling } from './pipelines/wanSampling.js';
/** Devices and tensors. */
export type { Device } from './tensor/device.js';
export { openDevice } from './tensor/openDevice.js';
export { TorchGenerator } from './tensor/random.js';
export type { Tensor } from './tensor/tensor.js';
/** The method: a policy that a rollout asks. */
export { acceptAll, type Decision, type Policy, type Review } from './tokentrim/policy.js';
export { TOKENTRIM_DEFAULTS, type TokenTrimOptions, tokenTrim } from './tokentrim/tokenTrim.js';
/** Weights on disk. */
export { convertWeights } from './weights/convertWeights.js';
export { type ModelFolder, type ModelOverrides, openModelFolder } from './weights/modelFolder.js';
export { openTensorSource, type TensorSource } from './weights/source.js';
export { toyWorld } from './weights/toyWorld.js';
