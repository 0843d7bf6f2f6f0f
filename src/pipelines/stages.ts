import { ensure } from '../errors.js';
import { toPixels } from '../kernels/toPixels.js';
import { prepareContext, type TextContext } from '../models/wan/crossAttention.js';
import type { WeightType } from '../models/wan/loadTensors.js';
import { cleanPrompt } from '../models/wan/text/clean.js';
import { loadTokenizer } from '../models/wan/text/tokenize.js';
import { encodePrompt } from '../models/wan/text/umt5.js';
import { freeTextEncoder, loadTextEncoder } from '../models/wan/text/weights.js';
import { patchSize } from '../models/wan/transformer.js';
import { createVaeStream } from '../models/wan/vae/stream.js';
import { freeVaeDecoder, loadVaeDecoder } from '../models/wan/vae/weights.js';
import { loadTransformer } from '../models/wan/weights.js';
import type { Device } from '../tensor/device.js';
import { disposeAll } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { acceptAll, type Decision } from '../tokentrim/policy.js';
import { type TokenTrimOptions, tokenTrim } from '../tokentrim/tokenTrim.js';
import type { ModelFolder } from '../weights/modelFolder.js';
import type { TensorSource } from '../weights/tensorSource.js';
import { checkMemory } from './checkMemory.js';
import type { NoiseSource } from './noise.js';
import { type Plan, type PlanRequest, planRollout } from './plan.js';
import { rollingForcing } from './rollingForcing.js';
import { seededNoise } from './seededNoise.js';
import { selfForcing } from './selfForcing.js';

/** A prompt, and what of its generation is chosen; everything but the prompt has a default. */
export interface GenerateRequest extends PlanRequest {
  readonly prompt: string;
  /** Its low 32 bits seed the noise; unused where `noise` is given. */
  readonly seed?: bigint | number | string;
  /** TokenTrim's parameters, or false for the baseline that accepts every block. */
  readonly trim?: Partial<TokenTrimOptions> | false;
  /** How large matrices are held; by default as the checkpoint has them. */
  readonly dtype?: WeightType;
  /** Noise to use in the place of the seed's. */
  readonly noise?: (plan: Plan) => Promise<NoiseSource> | NoiseSource;
  /** Ends the run while weights are loading; once it rolls, just stop taking events. */
  readonly signal?: AbortSignal;
}

/**
 * What a generation did, in order: a stage began, a denoising call was made, a block was accepted (its latents are valid
 * until the generator is resumed), and then the block's pictures.
 */
export type GenerateEvent =
  | { readonly kind: 'stage'; readonly stage: 'text' | 'weights' | 'rollout'; readonly plan: Plan }
  | { readonly kind: 'step'; readonly block: number; readonly attempt: number }
  | {
      readonly kind: 'block';
      readonly block: number;
      readonly decision: Decision;
      readonly latents: Tensor;
      /** Time it took to generate, the writing of pictures left out. */
      readonly seconds: number;
    }
  | { readonly kind: 'frames'; readonly block: number; readonly frames: readonly Picture[] };

/** A picture: rgba [height, width, 4], sRGB. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/**
 * A prompt becomes pictures: the text encoder runs and is freed, then the rollout yields block after block, and each
 * block is decoded as soon as it is accepted. Memory does not grow with the length of the video.
 */
export async function* generate(
  device: Device,
  folder: ModelFolder,
  request: GenerateRequest,
): AsyncGenerator<GenerateEvent> {
  const { config } = folder;
  const plan = planRollout(config, request);
  checkMemory(device, config, plan);
  const noise = (await request.noise?.(plan)) ?? defaultNoise(plan, config.transformer.in_dim, request.seed ?? 0);
  const policy = request.trim === false ? acceptAll : tokenTrim(patchSize(config.transformer), request.trim);
  const weightType = (source: TensorSource) => request.dtype ?? storedType(source);

  const onTensor = () => request.signal?.throwIfAborted();
  const freeing: (() => void)[] = [() => policy.dispose()];

  try {
    yield { kind: 'stage', stage: 'text', plan };
    const promptEmbeds = await embedPrompt(device, folder, request.prompt, weightType(folder.textEncoder), onTensor);
    freeing.push(() => promptEmbeds.dispose());

    yield { kind: 'stage', stage: 'weights', plan };
    const { transformer, vae } = folder;
    const model = await loadTransformer(device, transformer, config.transformer, weightType(transformer), onTensor);
    freeing.push(() => disposeAll(model.weights));
    const decoder = await loadVaeDecoder(device, vae, config.vae, weightType(vae), onTensor);
    freeing.push(() => freeVaeDecoder(decoder));
    const context: TextContext = prepareContext(model, promptEmbeds);
    freeing.push(() => disposeAll(context));
    promptEmbeds.dispose();
    const stream = createVaeStream(decoder);
    freeing.push(() => stream.dispose());

    yield { kind: 'stage', stage: 'rollout', plan };
    const rollout = plan.preset === 'self-forcing' ? selfForcing : rollingForcing;
    let resumed = performance.now();
    for await (const event of rollout(model, context, noise, plan, policy)) {
      if (event.kind === 'step') yield { kind: 'step', block: event.block, attempt: event.attempt };
      if (event.kind !== 'block' || !event.decision) continue;

      const { block, latents, decision } = event;
      const frames: Picture[] = [];
      for (const decoded of stream.decode(latents)) frames.push(...(await readPictures(decoded)));
      yield { kind: 'block', block, latents, decision, seconds: (performance.now() - resumed) / 1000 };
      yield { kind: 'frames', block, frames };
      resumed = performance.now();
    }
  } finally {
    for (const free of freeing.reverse()) free();
  }
}

/** Text to the DiT's conditioning [text_len, text_dim]; the encoder is loaded for this and freed after. */
async function embedPrompt(
  device: Device,
  { config, textEncoder, tokenizerPath }: ModelFolder,
  prompt: string,
  dtype: WeightType,
  onTensor: () => void,
): Promise<Tensor> {
  const tokenizer = await loadTokenizer(tokenizerPath);
  const { ids, length } = tokenizer.encode(cleanPrompt(prompt), config.transformer.text_len);
  const encoder = await loadTextEncoder(device, textEncoder, config.text_encoder, dtype, onTensor);
  const embeds = await encodePrompt(encoder, ids, length);
  freeTextEncoder(encoder);
  return embeds;
}

function defaultNoise(plan: Plan, channels: number, seed: bigint | number | string): NoiseSource {
  return seededNoise(seed, plan.frames, channels * plan.latent.height * plan.latent.width);
}

/** The type of a checkpoint's largest tensors. */
export function storedType(source: TensorSource): WeightType {
  const infos = source.names().map((name) => source.info(name));
  const largest = infos.reduce((left, right) => (right.byteLength > left.byteLength ? right : left));
  const type = { F32: 'f32', F16: 'f16', BF16: 'bf16' }[largest.dtype as 'F32' | 'F16' | 'BF16'];
  ensure(type, `${source.label}: weights of type ${largest.dtype} cannot be run; pass --dtype f32, bf16 or f16`);
  return type as WeightType;
}

/** Decoded frames [frames, height, width, 3] as pictures; frees them. */
async function readPictures(decoded: Tensor): Promise<Picture[]> {
  const { device } = decoded;
  const [frames, height, width] = decoded.shape;
  const packed = device.scope(() => toPixels(decoded)); // [frames, height, width]
  decoded.dispose();
  const words = await device.readIndices(packed);
  packed.dispose();
  const size = height * width;
  return Array.from({ length: frames }, (_, index) => {
    const pixels = words.slice(index * size, (index + 1) * size);
    return { width, height, rgba: new Uint8Array(pixels.buffer) };
  });
}
