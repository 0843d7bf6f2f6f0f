import { ensure } from '../errors.js';
import { f32, u32 } from '../tensor/device.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import * as reference from './reference/attention.js';

/** Keys and values to attend to: rows of a cache, by index, then every row of `own`. Either part may be absent. */
export interface AttentionContext {
  /** keys and values [cacheRows, heads * headDim]; rows u32 [count], which of them to read, in order */
  readonly cached?: { readonly keys: Tensor; readonly values: Tensor; readonly rows: Tensor };
  /** keys and values [count, heads * headDim] */
  readonly own?: { readonly keys: Tensor; readonly values: Tensor };
}

export interface AttentionOptions {
  /** Factor on the scores; 1 / sqrt(headDim) where absent. */
  readonly scale?: number;
  /** T5's relative position bias [2 * span - 1, heads], indexed by key row - query row + span - 1. */
  readonly bias?: Tensor;
}

/** Queries that a workgroup handles: the components of a vec4. */
const TILE = 4;

/** Two vec4 for each component of a head must fit the 16 KiB of workgroup memory that every WebGPU device grants. */
const MAX_HEAD_DIM = 384;

/**
 * Softmax attention without a mask: which keys take part is said by the rows, never by -infinity.
 * @param query [queries, heads * headDim]
 * @returns [queries, heads * headDim]
 */
export function attention(
  query: Tensor,
  context: AttentionContext,
  heads: number,
  options: AttentionOptions = {},
): Tensor {
  expectShape(query.shape, ['any', 'any'], 'attention: query');
  const [queries, width] = query.shape;
  const headDim = width / heads;
  ensure(Number.isInteger(headDim), `attention: ${width} columns do not split into ${heads} heads`);
  ensure(headDim <= MAX_HEAD_DIM, `attention: heads of up to ${MAX_HEAD_DIM} are supported, found ${headDim}`);
  const { cached, own } = context;
  for (const part of [cached, own]) {
    if (!part) continue;
    expectShape(part.keys.shape, ['any', width], 'attention: keys');
    expectShape(part.values.shape, [part.keys.shape[0], width], 'attention: values');
  }
  const rowCount = cached ? cached.rows.size : 0;
  const ownCount = own ? own.keys.shape[0] : 0;
  ensure(rowCount + ownCount > 0, 'attention: there is no key to attend to');
  const scale = options.scale ?? 1 / Math.sqrt(headDim);
  const biasSpan = options.bias ? (options.bias.shape[0] + 1) / 2 : 0;
  if (options.bias) expectShape(options.bias.shape, ['any', heads], 'attention: bias');
  // A part that is absent still needs something bound; the kernel does not read it.
  return query.device.launch({
    kernel: 'attention',
    reads: [
      query,
      cached?.keys ?? query,
      cached?.values ?? query,
      cached?.rows ?? query,
      own?.keys ?? query,
      own?.values ?? query,
      options.bias ?? query,
    ],
    output: [queries, width],
    params: [u32(queries), u32(heads), u32(rowCount), u32(ownCount), u32(biasSpan), f32(scale)],
    overrides: { HEAD_DIM: headDim, HAS_BIAS: options.bias ? 1 : 0 },
    workgroups: Math.ceil(queries / TILE) * heads,
    twin: () =>
      reference.attention(
        query.host,
        cached && { keys: cached.keys.host, values: cached.values.host, rows: cached.rows.hostIndices },
        own && { keys: own.keys.host, values: own.values.host },
        heads,
        scale,
        options.bias?.host,
      ),
  });
}
