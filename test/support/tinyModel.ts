import { transformerTensors } from '../../src/models/wan/checkpoint/expectedTensors.js';
import type { TransformerConfig } from '../../src/models/wan/config.js';
import { prepareContext, type TextContext } from '../../src/models/wan/crossAttention.js';
import { loadTransformer, type Transformer } from '../../src/models/wan/transformerWeights.js';
import type { RolloutEvent, RolloutOptions } from '../../src/pipelines/rollout.js';
import type { Device } from '../../src/tensor/device.js';
import { TorchGenerator } from '../../src/tensor/random.js';
import { disposeAll } from '../../src/tensor/scope.js';
import { elementCount } from '../../src/tensor/shape.js';
import type { Decision } from '../../src/tokentrim/policy.js';
import { MemorySource } from './memorySource.js';

/** The smallest DiT with everything in it: two layers, two heads whose 6 pairs split evenly, a prompt of 5 rows. */
export const TINY_CONFIG: TransformerConfig = {
  model_type: 't2v',
  patch_size: [1, 2, 2],
  text_len: 5,
  in_dim: 4,
  dim: 24,
  ffn_dim: 40,
  freq_dim: 16,
  text_dim: 8,
  out_dim: 4,
  num_heads: 2,
  num_layers: 2,
  qk_norm: true,
  cross_attn_norm: true,
  eps: 1e-6,
};

/** A latent whose token grid is 3 x 5: odd, and not square. */
export const TINY_LATENT = { height: 6, width: 10 } as const;
export const TINY_TOKENS = 15;
/** Values of a latent frame, [4, 6, 10]. */
export const TINY_FRAME_SIZE = 240;

/** Rollouts of the presets, scaled down: two steps in place of four, three in place of five. */
export const TINY_SELF_FORCING: RolloutOptions = {
  latent: TINY_LATENT,
  frames: 12,
  framesPerBlock: 3,
  steps: [1000, 500],
  shift: 5,
  window: 9,
  sink: 3,
  contextNoise: 0,
};
export const TINY_ROLLING_FORCING: RolloutOptions = { ...TINY_SELF_FORCING, steps: [1000, 600, 200], window: 15 };

export interface TinyModel {
  readonly model: Transformer;
  readonly context: TextContext;
  /** The weights as float32 arrays under their official names, for oracles. */
  readonly weights: Readonly<Record<string, Float32Array>>;
  /** [text_len, text_dim], two rows of it real */
  readonly prompt: Float32Array;
  dispose(): void;
}

/** Random weights as the goldens have them: of unit scale, so that a mistake anywhere moves the output. */
export async function tinyModel(on: Device, seed = 1, config: TransformerConfig = TINY_CONFIG): Promise<TinyModel> {
  const generator = new TorchGenerator(seed);
  const tensors: Record<string, { shape: readonly number[]; values: Float32Array }> = {};
  for (const [name, shape] of transformerTensors(config)) {
    const { scale, offset } = spread(name, shape, config.dim);
    const values = generator.randn(elementCount(shape)).map((value) => offset + scale * value);
    tensors[name] = { shape, values };
  }
  const prompt = new Float32Array(config.text_len * config.text_dim);
  prompt.set(generator.randn(2 * config.text_dim));

  const model = await loadTransformer(on, new MemorySource(tensors), config, { weights: 'f32', keys: 'f32' });
  const uploaded = on.upload(prompt, [config.text_len, config.text_dim]);
  const context = prepareContext(model, uploaded);
  uploaded.dispose();
  return {
    model,
    context,
    weights: Object.fromEntries(Object.entries(tensors).map(([name, { values }]) => [name, values])),
    prompt,
    dispose: () => disposeAll([model.weights, context]),
  };
}

function spread(name: string, shape: readonly number[], dim: number): { scale: number; offset: number } {
  if (name.endsWith('modulation')) return { scale: 1 / Math.sqrt(dim), offset: 0 };
  if (/self_attn\.norm_[qk]/.test(name)) return { scale: 0.3, offset: 1.5 }; // sharp attention shows cache mistakes
  if (/norm.*\.weight$/.test(name)) return { scale: 0.2, offset: 1 };
  if (name.endsWith('.bias')) return { scale: 0.1, offset: 0 };
  return { scale: 1 / Math.sqrt(elementCount(shape) / shape[0]), offset: 0 };
}

/** What a rollout came to. */
export interface RolloutResult {
  /** [frames, channels, height, width] */
  readonly latents: number[];
  readonly decisions: (Decision | null)[];
}

/** Runs a rollout to its end; `onEvent` sees every event while its tensors are valid. */
export async function runRollout(
  rollout: AsyncGenerator<RolloutEvent>,
  onEvent: (event: RolloutEvent) => Promise<void> | void = () => undefined,
): Promise<RolloutResult> {
  const latents: number[] = [];
  const decisions: (Decision | null)[] = [];
  for await (const event of rollout) {
    await onEvent(event);
    if (event.kind !== 'block') continue;
    latents.push(...(await event.latents.device.read(event.latents)));
    decisions.push(event.decision);
  }
  return { latents, decisions };
}
