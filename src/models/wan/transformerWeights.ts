import { concatFrames } from '../../kernels/layout/frames.js';
import { KEY_TYPES, type KeyType } from '../../kernels/rows/keyType.js';
import { checkOptions, optionsOf } from '../../options/checkOptions.js';
import { oneOf } from '../../options/fields.js';
import type { Device } from '../../tensor/device.js';
import { disposeAll } from '../../tensor/scope.js';
import { FLOAT_TYPES, type Tensor } from '../../tensor/tensor.js';
import { READ_AHEAD_BYTES, readAhead } from '../../weights/readAhead.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import type { TransformerConfig } from './config.js';
import { type Linear, TensorLoader, type WeightType } from './loadTensors.js';

/** The DiT's weights in the order of the forward pass. Names of fields say what; official names are in the loader. */
export interface TransformerWeights {
  /** [dim, channels * patch area] */
  readonly patchEmbedding: Linear;
  readonly textEmbedding: readonly [Linear, Linear];
  readonly timeEmbedding: readonly [Linear, Linear];
  /** [6 * dim, dim] */
  readonly timeProjection: Linear;
  /** [6 * layers, dim]; of each block shift, scale, gate of the self-attention, then those of the feed-forward */
  readonly modulation: Tensor;
  readonly blocks: readonly BlockWeights[];
  readonly head: { readonly linear: Linear /** [2, dim] */; readonly modulation: Tensor };
}

export interface BlockWeights {
  readonly selfAttention: AttentionWeights;
  /** [1, 2, dim]: weight, bias; the one affine norm of a block, before the cross-attention */
  readonly norm3: Tensor;
  readonly crossAttention: AttentionWeights;
  readonly feedForward: readonly [Linear, Linear];
}

export interface AttentionWeights {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  /** [dim]: the norms of queries and keys span all heads together */
  readonly normQuery: Tensor;
  readonly normKey: Tensor;
}

/** A DiT on a device: what `predictFlow` runs. */
export interface Transformer {
  readonly device: Device;
  readonly config: TransformerConfig;
  readonly weights: TransformerWeights;
  /** How a cache holds keys and values: f32, a 16-bit type at half the memory, or 8 bits. */
  readonly keyType: KeyType;
}

const typesSchema = optionsOf<{ readonly weights: WeightType; readonly keys: KeyType }>()({
  weights: oneOf(FLOAT_TYPES),
  keys: oneOf(KEY_TYPES),
});

/**
 * Reads a DiT under the official names (Wan-Video/Wan2.1 wan/modules/model.py WanModel).
 * @param types how the large matrices are held on the device, and how keys and values will be
 */
export async function loadTransformer(
  device: Device,
  source: TensorSource,
  config: TransformerConfig,
  types: { readonly weights: WeightType; readonly keys: KeyType },
  onTensor?: (name: string) => void,
): Promise<Transformer> {
  checkOptions('loadTransformer', typesSchema, types);
  const ahead = readAhead(source, source.names(), READ_AHEAD_BYTES);
  try {
    const load = new TensorLoader(device, ahead.source, types.weights, onTensor);
    return { device, config, weights: await loadWeights(load, config), keyType: types.keys };
  } finally {
    ahead.stop();
  }
}

async function loadWeights(load: TensorLoader, config: TransformerConfig): Promise<TransformerWeights> {
  const { dim, in_dim: channels, patch_size: patch } = config;
  const patchShape = [dim, channels * patch[0] * patch[1] * patch[2]];
  const patchEmbedding = await load.linear('patch_embedding', { shape: patchShape });
  const textEmbedding = [await load.linear('text_embedding.0'), await load.linear('text_embedding.2')] as const;
  const timeEmbedding = [await load.linear('time_embedding.0'), await load.linear('time_embedding.2')] as const;
  const timeProjection = await load.linear('time_projection.1');
  const tables: Tensor[] = [];
  const blocks: BlockWeights[] = [];
  for (let layer = 0; layer < config.num_layers; layer++) {
    tables.push(await load.values(`blocks.${layer}.modulation`, [6, dim]));
    blocks.push(await loadBlock(load, `blocks.${layer}`, dim));
  }
  const modulation = joined(tables);
  const head = { linear: await load.linear('head.head'), modulation: await load.values('head.modulation', [2, dim]) };
  return { patchEmbedding, textEmbedding, timeEmbedding, timeProjection, modulation, blocks, head };
}

async function loadBlock(load: TensorLoader, name: string, dim: number): Promise<BlockWeights> {
  const norm3 = [
    await load.values(`${name}.norm3.weight`, [1, dim]),
    await load.values(`${name}.norm3.bias`, [1, dim]),
  ];
  return {
    selfAttention: await loadAttention(load, `${name}.self_attn`),
    norm3: joined(norm3).reshape(1, 2, dim),
    crossAttention: await loadAttention(load, `${name}.cross_attn`),
    feedForward: [await load.linear(`${name}.ffn.0`), await load.linear(`${name}.ffn.2`)],
  };
}

/** Several tables one after the other, in the place of themselves. */
function joined(tables: readonly Tensor[]): Tensor {
  const table = concatFrames(tables);
  disposeAll(tables);
  return table;
}

async function loadAttention(load: TensorLoader, name: string): Promise<AttentionWeights> {
  return {
    query: await load.linear(`${name}.q`),
    key: await load.linear(`${name}.k`),
    value: await load.linear(`${name}.v`),
    output: await load.linear(`${name}.o`),
    normQuery: await load.values(`${name}.norm_q.weight`),
    normKey: await load.values(`${name}.norm_k.weight`),
  };
}
