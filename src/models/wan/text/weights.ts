import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import { expectShape } from '../../../tensor/shape.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { TextEncoderConfig } from '../../../weights/config.js';
import { toFloat32 } from '../../../weights/convert.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import { TensorLoader, type WeightType } from '../loadTensors.js';

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

/** Loads one block, `blocks.<layer>.`. */
export async function loadTextEncoderLayer(load: TensorLoader, layer: number): Promise<TextEncoderLayer> {
  const block = `blocks.${layer}`;
  return {
    norm1: await load.values(`${block}.norm1.weight`),
    query: await load.matrix(`${block}.attn.q.weight`),
    key: await load.matrix(`${block}.attn.k.weight`),
    value: await load.matrix(`${block}.attn.v.weight`),
    positions: await load.values(`${block}.pos_embedding.embedding.weight`),
    output: await load.matrix(`${block}.attn.o.weight`),
    norm2: await load.values(`${block}.norm2.weight`),
    gate: await load.matrix(`${block}.ffn.gate.0.weight`),
    fc1: await load.matrix(`${block}.ffn.fc1.weight`),
    fc2: await load.matrix(`${block}.ffn.fc2.weight`),
  };
}

/** Gives the encoder's memory back, once the prompt is encoded. */
export function freeTextEncoder({ layers, norm }: LoadedTextEncoder): void {
  disposeAll([layers, norm]);
}

/**
 * The embeddings of a prompt's tokens, read from the file row by row.
 * @returns [ids.length, dim]
 */
export async function embedTokens({ device, source, config }: TextEncoderModel, ids: Int32Array): Promise<Tensor> {
  const name = 'token_embedding.weight';
  const { dtype, shape } = source.info(name);
  expectShape(shape, [config.vocab, config.dim], `${source.label}: ${name}`);
  const rows = new Map<number, Float32Array>();
  for (const id of new Set(ids)) rows.set(id, toFloat32(await source.readRows(name, id, 1), dtype));
  const embedded = new Float32Array(ids.length * config.dim);
  ids.forEach((id, position) => {
    embedded.set(rows.get(id) as Float32Array, position * config.dim);
  });
  return device.upload(embedded, [ids.length, config.dim]);
}
