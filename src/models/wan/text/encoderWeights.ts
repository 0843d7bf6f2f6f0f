import type { Device } from '../../../tensor/device.js';
import { Arena, disposeAll } from '../../../tensor/scope.js';
import { expectShape } from '../../../tensor/shape.js';
import type { Tensor } from '../../../tensor/tensor.js';
import { toFloat32 } from '../../../weights/convert.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { TextEncoderConfig } from '../config.js';
import { checkStored, TensorLoader, type WeightType } from '../loadTensors.js';

/** One block of the encoder, in forward order. Matrices are [outFeatures, inFeatures]; none has a bias. */
export interface TextEncoderLayer {
  readonly norm1: Tensor; // [dim]
  readonly query: Tensor; // [dimAttn, dim]
  readonly key: Tensor; // [dimAttn, dim]
  readonly value: Tensor; // [dimAttn, dim]
  readonly positions: Tensor; // [buckets, heads]
  readonly output: Tensor; // [dim, dimAttn]
  readonly norm2: Tensor; // [dim]
  readonly gate: Tensor; // [dimFfn, dim], the GELU branch
  readonly fc1: Tensor; // [dimFfn, dim], the linear branch
  readonly fc2: Tensor; // [dim, dimFfn]
}

/** umT5 on a device. The token embedding stays in the file: a prompt needs a few of its 256 384 rows. */
export interface TextEncoderModel {
  readonly device: Device;
  readonly source: TensorSource;
  readonly config: TextEncoderConfig;
  /** The blocks in order; each is asked for when its turn comes, so they may also be loaded one by one. */
  readonly layers: Iterable<TextEncoderLayer> | AsyncIterable<TextEncoderLayer>;
  readonly norm: Tensor; // [dim]
}

/** A text encoder all of whose layers are on the device. */
export type LoadedTextEncoder = TextEncoderModel & { readonly layers: readonly TextEncoderLayer[] };

/**
 * Loads every layer of the encoder.
 * @param source tensors under official names; it must stay open while prompts are encoded
 * @param dtype how the matrices are held; norms and position tables are always f32
 * @param onTensor called before each tensor is read, with its name
 * @throws TokenTrimError where a tensor is missing or does not fit the device
 */
export async function loadTextEncoder(
  device: Device,
  source: TensorSource,
  config: TextEncoderConfig,
  dtype: WeightType,
  onTensor?: (name: string) => void,
): Promise<LoadedTextEncoder> {
  const load = new TensorLoader(device, source, dtype, onTensor);
  const layers: TextEncoderLayer[] = [];
  for (let layer = 0; layer < config.num_layers; layer++) layers.push(await loadTextEncoderLayer(load, layer));
  return { device, source, config, layers, norm: await load.values('norm.weight') };
}

/** Names of a block's tensors in the order in which they are loaded. */
export function layerTensorNames(layer: number): string[] {
  const names = ['norm1', 'attn.q', 'attn.k', 'attn.v', 'pos_embedding.embedding', 'attn.o', 'norm2'];
  return [...names, 'ffn.gate.0', 'ffn.fc1', 'ffn.fc2'].map((name) => `blocks.${layer}.${name}.weight`);
}

/** Loads one block, `blocks.<layer>.`; where that fails, nothing of it stays on the device. */
export async function loadTextEncoderLayer(load: TensorLoader, layer: number): Promise<TextEncoderLayer> {
  const [norm1, query, key, value, positions, output, norm2, gate, fc1, fc2] = layerTensorNames(layer);
  const loaded = new Arena();
  const values = async (name: string) => loaded.keep(await load.values(name));
  const matrix = async (name: string) => loaded.keep(await load.matrix(name));
  try {
    return {
      norm1: await values(norm1),
      query: await matrix(query),
      key: await matrix(key),
      value: await matrix(value),
      positions: await values(positions),
      output: await matrix(output),
      norm2: await values(norm2),
      gate: await matrix(gate),
      fc1: await matrix(fc1),
      fc2: await matrix(fc2),
    };
  } catch (error) {
    loaded.free();
    throw error;
  }
}

/** Gives the encoder's memory back, once the prompts are encoded. */
export function freeTextEncoder({ layers, norm }: TextEncoderModel): void {
  disposeAll([layers, norm]);
}

/**
 * The embeddings of a prompt's tokens; only their rows are read from the file, adjacent ones at once.
 * @returns [ids.length, dim]
 */
export async function embedTokens({ device, source, config }: TextEncoderModel, ids: Int32Array): Promise<Tensor> {
  const name = 'token_embedding.weight';
  const { dtype, shape } = source.info(name);
  expectShape(shape, [config.vocab, config.dim], `${source.label}: ${name}`);
  return device.load([ids.length, config.dim], 'f32', async () => {
    const embedded = new Float32Array(ids.length * config.dim);
    for (const { first, count } of adjacentRuns(ids)) {
      const bytes = await source.readRows(name, first, count);
      checkStored(source.label, `${name} from row ${first} on`, bytes, dtype);
      const rows = toFloat32(bytes, dtype);
      ids.forEach((id, position) => {
        if (id < first || id >= first + count) return;
        embedded.set(rows.subarray((id - first) * config.dim, (id - first + 1) * config.dim), position * config.dim);
      });
    }
    return embedded;
  });
}

/** The ids that occur, as runs of adjacent ones. */
function adjacentRuns(ids: Int32Array): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (const id of [...new Set(ids)].sort((left, right) => left - right)) {
    const last = runs.at(-1);
    if (last && id === last.first + last.count) last.count++;
    else runs.push({ first: id, count: 1 });
  }
  return runs;
}
