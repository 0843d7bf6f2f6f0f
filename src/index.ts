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

// ---- From a prompt to pictures

/** Errors whose message is meant for the person at the terminal. */
export { TokenTrimError } from './errors.js';
/** Where pictures go: an .mp4 written while it is generated, or a folder of PNG files. */
export { type FrameSink, openFrameSink } from './media/frameSink.js';
/** A prompt becomes pictures, block by block. */
/** The memory of a run, known before it begins. */
export { type GenerateRequest, generate, planMemory } from './node/generate.js';
/** The state of a run that is to survive its process, in a folder. */
export { openRunState } from './node/resume/stateFolder.js';
/** What a run tells of while it goes on; the maker of a policy. */
export type { GenerateEvent, PolicyFactory } from './pipelines/generate.js';
/** A picture as it leaves the VAE. */
export type { Picture } from './pipelines/pictures/decodeLatents.js';
/** A plan from a file's JSON, and whether a model is the one that it was made for. */
export { checkPlan, parsePlan } from './pipelines/plan/parsePlan.js';
/** A run that was decided once: plain data. */
export type { DraftPlan, Plan, VideoPlan } from './pipelines/plan/plan.js';
/** Counts the memory of a plan, and decides by it when pictures are made. */
export { type MemoryPlan, settleMemory } from './pipelines/plan/planMemory.js';
/** Decides a run from a model and a request. */
export { planRun } from './pipelines/plan/planRun.js';
/** Decides the numbers of a video from a configuration alone. */
export { planRollout } from './pipelines/plan/planVideo.js';
/** What of a run may be chosen, and what it needs beside its plan. */
export type { PlanRequest, RunInputs } from './pipelines/plan/request.js';
/** The state of a run, and where one lies that is in no folder. */
export { RunState, type RunStateOptions } from './pipelines/resume/runState.js';
export type { StateStore } from './pipelines/resume/stateStore.js';
/** Runs a plan. */
export { runPlan } from './pipelines/stages.js';

// ---- Devices, tensors and kernels

/** What measuring the forms of kernels came to. */
export type { Tuned } from './kernels/forms/tuneForms.js';
/** Names the first launch that makes NaN or infinity. */
export { checkNumerics } from './kernels/numerics/checkNumerics.js';
/** Opens the best adapter there is, or the one that is named. */
export { type OpenDeviceOptions, openDevice } from './node/openDevice.js';
/** Measures which form of each kernel is the fastest here. */
export { type TuneOptions, tuneKernels } from './node/tuneKernels.js';
/** What tensors live on: a WebGPU adapter, or the float64 twins. */
export type { Device } from './tensor/device.js';
/** Frees every tensor in a value: a model's weights, say. */
export { disposeAll } from './tensor/scope.js';
/** An array on a device. */
export type { Tensor } from './tensor/tensor.js';
/** Shows tensors in Chrome's tools. */
export { tensorFormatter } from './tensor/tensorFormatter.js';

// ---- Models and weights on disk

/** Opens a model of any published layout. */
export { type ModelFolder, type ModelOverrides, openModelFolder } from './node/model/modelFolder.js';
/** Opens weights by path, to read tensor by tensor. */
export { openTensorSource, type TensorSource } from './node/model/openTensorSource.js';
/** Where the small model of this package lies. */
export { toyWorld } from './node/model/toyWorld.js';
/** Writes weights of any kind as safetensors. */
export { convertWeights } from './node/weights/convertWeights.js';

// ---- The prompt

/** Embeds an encoded prompt once for a whole rollout. */
export { prepareContext, type TextContext } from './models/wan/crossAttention.js';
/** Cleans a prompt as the official code does. */
export { cleanPrompt } from './models/wan/text/clean.js';
/** Loads umT5. */
export { loadTextEncoder } from './models/wan/text/encoderWeights.js';
/** Encodes a prompt with it. */
export { encodePrompt } from './models/wan/text/umt5.js';
/** Turns cleaned prompts into token ids. */
export { loadTokenizer } from './node/model/modelTexts.js';

// ---- The DiT and its cache

/** FlowMo's measure of a flow's motion, and the gradient of its largest value. */
export { motionVariance, motionVarianceGradient } from './kernels/motion/motionVariance.js';
/** The flow and the gradient of a number that depends on it with respect to the latents. */
export { flowGradient } from './models/wan/flowGradient.js';
/** The KV cache, what of it a call sees, and which row holds which token of which frame. */
export { blockCall, type CacheCall, type CachedToken, KvCache, type KvCacheOptions } from './models/wan/kvCache.js';
/** Its prediction for some frames; its patch and its grid of tokens. */
export { patchSize, predictFlow, tokenGrid } from './models/wan/transformer.js';
/** Loads the causal DiT. */
export { loadTransformer, type Transformer } from './models/wan/transformerWeights.js';

// ---- Rollouts, and what a sampler of one's own is made of

/** The noise schedule, the timesteps of steps on it, and from a flow to clean latents and back to noisy ones. */
export { addNoise, createSchedule, denoisingTimesteps, type Schedule, x0FromFlow } from './pipelines/flowMatching.js';
/** FlowMo: one call whose latents are moved first, so that they move more evenly. */
export { type GuidedFlow, guidedFlow, type MovedFrames, movedBlocks } from './pipelines/flowmo.js';
/** Where a rollout's randomness comes from. */
export type { NoiseSource } from './pipelines/noise/noise.js';
/** The noise of a seed, as PyTorch draws it on a CPU. */
export { seededNoise } from './pipelines/noise/noise.js';
/** Recorded noise. */
export { fileNoise } from './pipelines/noise/recordedNoise.js';
/** How FlowMo goes about it. */
export type { FlowmoOptions } from './pipelines/plan/flowmoOptions.js';
/** A window of blocks that slides over the video. */
export { rollingForcing } from './pipelines/rollingForcing.js';
/** What a rollout takes, and what it tells of. */
export type { RolloutEvent, RolloutOptions } from './pipelines/rollout.js';
/** Block after block, each denoised over the cache of those before it. */
export { type SelfForcingOptions, selfForcing } from './pipelines/selfForcing.js';
/** The bidirectional model: all frames at once. */
export { type GuidanceContexts, wanSampling } from './pipelines/wanSampling.js';
/** PyTorch's generator itself. */
export { TorchGenerator } from './tensor/random.js';

// ---- The method: a policy that a rollout asks

/** Z_t and d_i: what a token holds on average over a block, and how far it moved. */
export { tokenDrift, tokenSummary } from './kernels/drift/tokenDrift.js';
/** Adaptive pruning, and what a severity should be at the most by those before it. */
export { ADAPTIVE_DEFAULTS, type AdaptiveOptions, adaptiveTrim } from './tokentrim/adaptiveTrim.js';
/** A policy whose answers are checked; the rollouts ask through it. */
export { checkedPolicy } from './tokentrim/checkedPolicy.js';
/** Controls: the same trigger with a random set, and with nothing pruned. */
export { placebo, regenerate } from './tokentrim/controls.js';
/** The baseline, and what a policy of one's own is made of. */
export { type Answer, acceptAll, type Decision, decision, type Policy, type Review } from './tokentrim/policy.js';
/** S_t and D_t: the tokens that moved most, and how far. */
export { severity, unstableTokens } from './tokentrim/severity.js';
export { forecastSeverity } from './tokentrim/severityForecast.js';
/** TokenTrim and its parameters. */
export { TOKENTRIM_DEFAULTS, type TokenTrimOptions, tokenTrim } from './tokentrim/tokenTrim.js';
/** The policy that options name. */
export { TRIM_DEFAULTS, type TrimOptions, trimPolicy } from './tokentrim/trimPolicy.js';

// ---- Traces: what a run and its policy saw

/** Pictures as one WebP, for a `TraceFolder`. */
export { encodeSheet } from './media/sheets.js';
/** A trace in a folder, to write and to read. */
export { type OpenedTrace, openTraceFolder } from './node/trace/openTraceFolder.js';
export { TraceFolder, type TraceFolderOptions } from './node/trace/traceFolder.js';
/** What a trace is made of. */
export type { TraceEvent } from './trace/format.js';
export { readTrace } from './trace/readTrace.js';
/** Records a run while it goes, and puts the events of a trace together again. */
export { type RecordOptions, recordRun } from './trace/recordRun.js';
export { Trace } from './trace/traceReader.js';
/** Where a trace goes. */
export type { TraceSink } from './trace/traceSink.js';

// ---- Many clips

/** Which share of a list a process has, by what a scheduler says. */
export { type ChosenShare, chooseShare, type Share, shareOf } from './batch/share.js';
/** What of a batch is done, running, failed and left. */
export { type BatchStatus, batchStatus, type RunningClip } from './node/batch/batchStatus.js';
/** The record beside a clip, with its plan. */
export { type ClipRecord, readRecord as readClipRecord } from './node/batch/clipRecord.js';
/** Runs plans one after another: weights are loaded once, and prompts embedded together. */
export { PlanSeries, type PlanSeriesOptions } from './pipelines/planSeries.js';

// ---- Measures: how a video drifts

/** Measures latents while they go by. */
export { type LatentMeter, type LatentMeterOptions, latentMeter } from './measures/latentMeter.js';
/** Titles and units of all measures. */
export { MEASURES } from './measures/measures.js';
/** Names of files, and a list of prompts, with which VBench's own scripts run. */
export { vbenchManifest, vbenchName, vbenchNames } from './measures/vbenchName.js';
/** What is measured. */
export type { LatentMeasures, MeasuredSeries, VideoMeasures } from './measures/videoMeasures.js';
/** Measures a video while it goes by. */
export { type VideoMeter, type VideoMeterOptions, videoMeter } from './measures/videoMeter.js';

// ---- The VAE

export { openTinyVae, type TinyVae } from './models/wan/tinyVae/openTinyVae.js';
export { freeTinyDecoder, loadTinyDecoder } from './models/wan/tinyVae/tinyDecoder.js';
/** A tiny VAE: told by its tensors, loaded, and given back; it decodes and encodes as the full one does. */
export { createTinyVaeStream } from './models/wan/tinyVae/tinyDecodeStream.js';
export { freeTinyEncoder, loadTinyEncoder } from './models/wan/tinyVae/tinyEncoder.js';
export { createTinyVaeEncodeStream } from './models/wan/tinyVae/tinyEncodeStream.js';
/** Loads the decoder, and gives its memory back. */
export { freeVaeDecoder, loadVaeDecoder } from './models/wan/vae/decoderWeights.js';
/** Decodes a video piece by piece. */
export { createVaeStream, type VaeStream } from './models/wan/vae/decodeStream.js';
/** Loads the encoder, and gives its memory back. */
export { freeVaeEncoder, loadVaeEncoder } from './models/wan/vae/encoderWeights.js';
/** Encodes a video piece by piece. */
export { createVaeEncodeStream, type VaeEncodeStream } from './models/wan/vae/encodeStream.js';
/** The pictures of a whole video's latents in one call. */
export { type DecodeOptions, decodeLatents } from './pipelines/pictures/decodeLatents.js';

// ---- Comparison with recorded outputs of another implementation

/** Computes a parity case and compares every output. */
export { type CaseReport, runCase } from './parity/runCase.js';
