import { ensure } from '../../errors.js';
import { f32, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import { chooseForm, type Form, subgroupSize } from '../forms/form.js';
import { attentionTile } from '../forms/matrixShapes.js';
import { weightType } from '../linear/linear.js';
import * as reference from './attention.twin.js';
import { fitsMatrixAttention, matrixAttention } from './attentionMatrix.js';
import { attentionInSteps } from './attentionSteps.js';

/**
 * Keys and values to attend to: rows of a cache, by index, then every row of `own`. Either part may be absent, and each
 * is f32 or packed 16-bit.
 */
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
  /** The form of the kernel, for tests; the best for the device where absent. */
  readonly form?: Form;
}

/** Queries that a workgroup of the plain form handles: the components of a vec4. */
const TILE = 4;

/** The same of the tiled form, and how many columns of a head. */
const LARGE_TILE = { queries: 32, columns: 128 };

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
  const { cached, own } = context;
  for (const part of [cached, own]) {
    if (!part) continue;
    expectShape(part.keys.shape, ['any', width], 'attention: keys');
    expectShape(part.values.shape, [part.keys.shape[0], width], 'attention: values');
    const { keys, values } = part;
    ensure(
      keys.dtype === values.dtype,
      `attention: expected keys and values of one type, found ${keys.dtype} and ${values.dtype}`,
    );
  }
  const rowCount = cached ? cached.rows.size : 0;
  const ownCount = own ? own.keys.shape[0] : 0;
  ensure(rowCount + ownCount > 0, 'attention: there is no key to attend to');
  const scale = options.scale ?? 1 / Math.sqrt(headDim);
  const biasSpan = options.bias ? (options.bias.shape[0] + 1) / 2 : 0;
  if (options.bias) expectShape(options.bias.shape, ['any', heads], 'attention: bias');
  const isBoundWhole = bytesOf('f32', query.size) <= query.device.maxBindingBytes; // as the steps need it
  const fits = {
    subgroup: headDim % 4 === 0 && isBoundWhole && subgroupSize(query.device) > 0,
    tiled: headDim % 4 === 0,
    matrix: !options.bias && fitsMatrixAttention(query.device, headDim, cached ?? own),
  };
  const problem = {
    kernel: 'attention',
    type: (cached ?? own)?.keys.dtype ?? 'f32',
    size: sizeClass(rowCount + ownCount),
  };
  const form = chooseForm(query.device, problem, fits, options.form);
  if (form === 'subgroup' && query.device.kind !== 'reference') {
    return attentionInSteps({ query, cached, own, heads, scale, bias: options.bias, biasSpan });
  }
  const tile = form === 'matrix' ? attentionTile(query.device) : undefined;
  const isTiled = form === 'tiled';
  ensure(
    isTiled || headDim <= MAX_HEAD_DIM,
    `attention: heads of up to ${MAX_HEAD_DIM} are supported, found ${headDim}`,
  );
  const twin = () =>
    reference.attention(
      query.host,
      cached && { keys: cached.keys.host, values: cached.values.host, rows: cached.rows.hostIndices },
      own && { keys: own.keys.host, values: own.values.host },
      heads,
      scale,
      options.bias?.host,
    );
  // A part that is absent still needs something bound; the kernel does not read it.
  const reads = [
    query,
    cached?.keys ?? query,
    cached?.values ?? query,
    cached?.rows ?? query,
    own?.keys ?? query,
    own?.values ?? query,
  ];
  const types = { CACHE_TYPE: typeOf(cached), OWN_TYPE: typeOf(own) };
  const shared = { output: [queries, width], operations: 4 * queries * (rowCount + ownCount) * width, twin };
  if (tile && query.device.kind !== 'reference') {
    const { kernel, overrides, queries: tileQueries } = matrixAttention(query.device, tile);
    return query.device.launch({
      ...shared,
      kernel,
      reads,
      overrides: { ...overrides, ...types },
      ...rowwise(queries, [0], (_, count) => ({
        params: [...[count, heads, rowCount, ownCount].map(u32), f32(scale * Math.LOG2E)],
        workgroups: Math.ceil(count / tileQueries) * heads,
      })),
    });
  }
  return query.device.launch({
    ...shared,
    kernel: isTiled ? 'attention.tiled' : 'attention',
    reads: [...reads, options.bias ?? query],
    overrides: { ...(isTiled ? {} : { HEAD_DIM: headDim }), HAS_BIAS: options.bias ? 1 : 0, ...types },
    ...rowwise(queries, [0], (first, count) => ({
      params: [
        ...[first, count, heads, rowCount, ownCount, biasSpan].map(u32),
        f32(scale),
        ...(isTiled ? [u32(headDim / 4)] : []),
      ],
      workgroups: isTiled
        ? Math.ceil(count / LARGE_TILE.queries) * heads * Math.ceil(headDim / LARGE_TILE.columns)
        : Math.ceil(count / TILE) * heads,
    })),
  });
}

/** With many keys the scores of the three steps no longer fit the processor's caches. */
const sizeClass = (keys: number): string => (keys <= 4096 ? 'up to 4096 keys' : 'more keys');

function typeOf(part: { readonly keys: Tensor } | undefined): number {
  return part ? weightType(part.keys.dtype, 'attention: keys and values') : 0;
}
