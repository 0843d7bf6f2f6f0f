import { ensure } from '../../errors.js';
import type { Device } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { chooseForm, classOf, type Form, type KernelClasses, subgroupSize } from '../forms/form.js';
import { fitsWorkgroup, isTrusted } from '../forms/matrixForm.js';
import { largestMagnitude } from '../numerics/largestMagnitude.js';
import { KEY_TYPES } from '../rows/keyType.js';
import { type AttentionContext, type AttentionProblem, attentionProblem, keyTypeOf } from './attentionForm.js';
import { columnsOf, columnsOfHeads, type KeyPart, partsOf } from './attentionKeys.js';
import { type KeyColumns, updateAttentionWeights, updateScoreGradient } from './attentionWeights.js';
import { updateHeadProducts } from './headProduct.js';

export interface AttentionGradientOptions {
  /** Factor on the scores; 1 / sqrt(headDim) where absent. */
  readonly scale?: number;
  /** Whether own keys and values are constants, as those of a prompt are. */
  readonly isOwnConstant?: boolean;
  /** The form of the products, for tests; the best for the device where absent. */
  readonly form?: Form;
}

/** With respect to what a call of `attention` was given, shaped as it. */
export interface AttentionGradient {
  readonly query: Tensor;
  /** Absent where there are no own keys, or where they are constants. */
  readonly own?: { readonly keys: Tensor; readonly values: Tensor };
}

/** Weights held at a time, and as many bytes of their gradients; more queries than fit are done one part after the other. */
const MAX_WEIGHT_BYTES = 64 * 2 ** 20;

/** For `matrix`: with fewer queries at a time their own products have too few tiles for the cores of an H200. */
const MAX_MATRIX_BYTES = 128 * 2 ** 20;

/** Queries that fill tiles of every size. */
const WHOLE_TILES = 64;

/**
 * The backward pass of `attention`: with weights P = softmax(scale · Q·Kᵀ), output P·V and cotangent dO,
 * dV = Pᵀ·dO, dP = dO·Vᵀ, dS = scale · P∘(dP − rowsum(P∘dP)), dQ = dS·K and dK = dSᵀ·Q. Cached keys and values take part in
 * the softmax and are constants. Weights and their gradients of some queries at a time lie in memory: 64 MiB each at most
 * (128 where products are of matrices in f16), or those of one query; a cache of 8 bits is also widened to f32, the rows
 * that are read.
 * @param query f32 [queries, heads * headDim]
 * @param cotangent f32 [queries, heads * headDim], of the output
 * @throws TokenTrimError where shapes or types do not fit together
 */
export function attentionGradient(
  query: Tensor,
  context: AttentionContext,
  heads: number,
  cotangent: Tensor,
  options: AttentionGradientOptions = {},
): AttentionGradient {
  const problem = attentionProblem(query, context, heads, { scale: options.scale });
  expectShape(cotangent.shape, query.shape, 'attentionGradient: cotangent');
  ensure(
    query.dtype === 'f32' && cotangent.dtype === 'f32',
    () => `attentionGradient: query and cotangent must be f32, found ${query.dtype} and ${cotangent.dtype}`,
  );
  const { device } = query;
  const { own, ownCount } = problem;
  const form = gradientForm(problem, options.form);
  return device.scope(() => {
    const like = (tensor: Tensor) => device.zeros(tensor.shape);
    const varied = ownCount > 0 && !options.isOwnConstant ? own : undefined;
    const gradient = { query: like(query), own: varied && { keys: like(varied.keys), values: like(varied.values) } };
    const keys = columnsOf(problem);
    const parts = partsOf(problem, keys);
    const largest =
      form === 'matrix'
        ? largestOf([query, cotangent, ...parts.flatMap((part) => [part.keys, part.values])])
        : undefined;
    const atOnce = queriesAtOnce(problem, keys, form);
    for (let first = 0; first < query.shape[0]; first += atOnce) {
      const count = Math.min(atOnce, query.shape[0] - first);
      device.scope(() => addQueries(problem, { first, count, keys, parts, form, largest }, cotangent, gradient));
    }
    return gradient;
  });
}

interface QueryPart {
  /** Queries first ... first + count - 1. */
  readonly first: number;
  readonly count: number;
  readonly keys: KeyColumns;
  readonly parts: readonly KeyPart[];
  readonly form: Form;
  /** Of what is multiplied in f16, the largest magnitude. */
  readonly largest?: ReadonlyMap<Tensor, Tensor>;
}

/** Of each tensor that is not in f16 already. */
function largestOf(tensors: readonly Tensor[]): Map<Tensor, Tensor> {
  const others = tensors.filter(({ dtype }) => dtype !== 'f16');
  return new Map(others.map((tensor) => [tensor, largestMagnitude(tensor)]));
}

/** Writes the gradient of some queries, and adds what they give to those of own keys and values. */
function addQueries(
  { query, heads, headDim, scale }: AttentionProblem,
  { first, count, keys, parts, form, largest }: QueryPart,
  cotangent: Tensor,
  gradient: AttentionGradient,
): void {
  const { device } = query;
  const { columns } = keys;
  const rowsOf = (tensor: Tensor, row = 0) => ({
    ...columnsOfHeads(tensor, heads, row),
    largest: largest?.get(tensor),
  });
  const scoresOf = (tensor: Tensor, column: number, most?: Tensor) => ({
    tensor,
    start: column,
    headPitch: count * columns,
    pitch: columns,
    largest: most,
  });
  const size = heads * count * columns;
  const [weights, scoreGradient] = [device.zeros([size]), device.zeros([size])];
  for (const part of parts) {
    const sizes = { heads, rows: count, columns: part.count, depth: headDim };
    const how = { ...sizes, transposed: 'b', listed: part.rows, form } as const;
    updateHeadProducts(scoresOf(weights, part.column), rowsOf(query, first), rowsOf(part.keys), how);
    updateHeadProducts(scoresOf(scoreGradient, part.column), rowsOf(cotangent, first), rowsOf(part.values), how);
  }
  updateAttentionWeights(weights, heads * count, keys, scale, form);
  updateScoreGradient(scoreGradient, weights, heads * count, keys, scale, form);
  const mostOfWeights = largest && device.upload(Float32Array.of(1), [1]);
  const mostOfGradient = largest && largestMagnitude(scoreGradient);
  for (const part of parts) {
    const sizes = { heads, rows: count, columns: headDim, depth: part.count };
    const how = { ...sizes, listed: part.rows, adds: true, form };
    updateHeadProducts(
      rowsOf(gradient.query, first),
      scoresOf(scoreGradient, part.column, mostOfGradient),
      rowsOf(part.keys),
      how,
    );
  }
  if (!gradient.own) return;
  const { ownColumn, ownCount } = keys;
  const how = { heads, rows: ownCount, columns: headDim, depth: count, transposed: 'a', adds: true, form } as const;
  updateHeadProducts(
    rowsOf(gradient.own.keys),
    scoresOf(scoreGradient, ownColumn, mostOfGradient),
    rowsOf(query, first),
    how,
  );
  updateHeadProducts(
    rowsOf(gradient.own.values),
    scoresOf(weights, ownColumn, mostOfWeights),
    rowsOf(cotangent, first),
    how,
  );
}

/** One class: most of the time are products, whose shapes are much alike. */
export const ATTENTION_GRADIENT_CLASSES = {
  kernel: 'attentionGradient',
  types: KEY_TYPES,
  sizes: { any: Number.POSITIVE_INFINITY },
} as const satisfies KernelClasses;

/** The `matrix` form, which rounds what it multiplies, as that of attention does: 128 fetches by four subgroups, 10 KiB. */
function hasMatrices(device: Device): boolean {
  const fetches = 4 * device.features.maxSubgroupSize >= 128;
  return fetches && isTrusted(device, 'attentionGradient') && fitsWorkgroup(device, 4, 10 * 1024);
}

function gradientForm({ query, headDim, cached, own }: AttentionProblem, wanted: Form | undefined): Form {
  const { device } = query;
  const keys = (cached ?? own)?.keys;
  const inFours = headDim % 4 === 0;
  const type = keys ? keyTypeOf(keys) : 'f32';
  const fits = {
    subgroup: inFours && subgroupSize(device) > 0,
    tiled: inFours,
    matrix: inFours && type !== 'f32' && hasMatrices(device),
  };
  return chooseForm(device, classOf(ATTENTION_GRADIENT_CLASSES, type, 1), fits, wanted);
}

/** As many as fit, in parts of one size. */
function queriesAtOnce({ query, heads }: AttentionProblem, { columns }: KeyColumns, form: Form): number {
  const most = Math.min(form === 'matrix' ? MAX_MATRIX_BYTES : MAX_WEIGHT_BYTES, query.device.maxBindingBytes);
  const fit = Math.floor(most / (4 * heads * columns));
  if (fit < WHOLE_TILES) return Math.max(1, fit);
  const tiles = Math.ceil(query.shape[0] / WHOLE_TILES);
  const parts = Math.ceil(tiles / Math.floor(fit / WHOLE_TILES));
  return WHOLE_TILES * Math.ceil(tiles / parts);
}
