import { f32, type KernelCall, u32 } from '../tensor/device.js';
import type { Tensor } from '../tensor/tensor.js';
import type { AttentionContext } from './attention.js';
import { weightType } from './linear.js';
import { subgroupSize } from './variant.js';

/** What `attention` has checked and worked out. */
export interface AttentionProblem extends AttentionContext {
  readonly query: Tensor;
  readonly heads: number;
  readonly scale: number;
  readonly bias: Tensor | undefined;
}

/** Queries that a subgroup handles. */
const TILE = 16;

/** Scores held at a time; more queries than fit are done one part after the other. */
const MAX_SCORE_BYTES = 64 * 2 ** 20;

/**
 * Attention in three kernels for adapters with small subgroups: the first and the last are matrix products in registers,
 * and all three compile in a fraction of the time of a fused one. They have one twin, that of the whole.
 * @returns [queries, heads * headDim]
 */
export function attentionInSteps(problem: AttentionProblem): Tensor {
  const { query, heads, cached, own } = problem;
  const { device } = query;
  const [queries, width] = query.shape;
  const ownColumn = cached ? fours(cached.rows.size) : 0;
  const ownColumns = own ? fours(own.keys.shape[0]) : 0;
  const columns = ownColumn + ownColumns;
  // Room for as many keys as the cache has rows: a cache that loses tokens must not need buffers of ever new sizes.
  const room = Math.max(ownColumn, cached ? fours(cached.keys.shape[0]) : 0) + ownColumns;
  const y = device.zeros([queries, width]);
  const most = 2 ** Math.floor(Math.log2(Math.min(MAX_SCORE_BYTES, device.maxBindingBytes) / 4));
  const atOnce = Math.max(1, Math.floor(most / (heads * room)));
  for (let first = 0; first < queries; first += atOnce) {
    const count = Math.min(atOnce, queries - first);
    const part = { first, count, ownColumn, columns, room, lanes: subgroupSize(device) };
    device.scope(() => {
      const scores = scoresOf(problem, part);
      softmax(problem, part, scores);
      values(problem, part, scores, y);
    });
  }
  return y;
}

/** Queries first ... first + count - 1, and the columns of their scores: cached keys, then own from `ownColumn` on. */
interface Part {
  readonly first: number;
  readonly count: number;
  readonly ownColumn: number;
  readonly columns: number;
  readonly room: number;
  readonly lanes: number;
}

/** [heads, count, columns], and room behind it: few sizes mean few buffers in the device's pool. */
function scoresOf(problem: AttentionProblem, part: Part): Tensor {
  const { query, heads, scale, cached, own } = problem;
  const { first, count, columns, lanes } = part;
  const launch = (keys: Tensor, rows: Tensor | undefined, column: number, output: KernelCall['output']) => {
    const keyCount = rows?.size ?? keys.shape[0];
    return query.device.launch({
      kernel: 'attentionScores.subgroup',
      reads: [query, keys, rows ?? query],
      output,
      overrides: {
        SUBGROUP: lanes,
        KEY_TYPE: weightType(keys.dtype),
        HAS_ROWS: rows ? 1 : 0,
      },
      params: [...[first, count, heads, depthOf(problem), keyCount, column, columns].map(u32), f32(scale)],
      workgroups: heads * Math.ceil(count / TILE) * Math.ceil(keyCount / (4 * lanes)),
      twin: NO_TWIN,
    });
  };
  const shape = [2 ** Math.ceil(Math.log2(heads * count * part.room))];
  const scores = cached && launch(cached.keys, cached.rows, 0, shape);
  return own ? launch(own.keys, undefined, part.ownColumn, scores ?? shape) : (scores as Tensor);
}

function softmax({ query, heads, bias, cached, own }: AttentionProblem, part: Part, scores: Tensor): void {
  const { first, count, ownColumn, columns, lanes } = part;
  const biasSpan = bias ? (bias.shape[0] + 1) / 2 : 0;
  query.device.launch({
    kernel: 'attentionSoftmax.subgroup',
    reads: [cached?.rows ?? query, bias ?? query],
    output: scores,
    overrides: { SUBGROUP: lanes, HAS_BIAS: bias ? 1 : 0 },
    params: [first, count, heads, cached?.rows.size ?? 0, ownColumn, own?.keys.shape[0] ?? 0, columns, biasSpan].map(
      u32,
    ),
    workgroups: heads * count,
    twin: NO_TWIN,
  });
}

function values(problem: AttentionProblem, part: Part, weights: Tensor, y: Tensor): void {
  const { query, heads, cached, own } = problem;
  const { first, count, ownColumn, columns, lanes } = part;
  const depth = depthOf(problem);
  query.device.launch({
    kernel: 'attentionValues.subgroup',
    reads: [weights, cached?.rows ?? query, cached?.values ?? query, own?.values ?? query],
    output: y,
    overrides: {
      SUBGROUP: lanes,
      CACHE_TYPE: weightType(cached?.values.dtype ?? 'f32'),
      OWN_TYPE: weightType(own?.values.dtype ?? 'f32'),
      HAS_CACHE: cached ? 1 : 0,
      HAS_OWN: own ? 1 : 0,
    },
    params: [first, count, heads, depth, cached?.rows.size ?? 0, ownColumn, own?.values.shape[0] ?? 0, columns].map(
      u32,
    ),
    workgroups: heads * Math.ceil(count / TILE) * Math.ceil(depth / lanes),
    twin: NO_TWIN,
  });
}

/** The steps run on GPUs only; the reference device runs the twin of `attention`. */
const NO_TWIN = () => undefined;

/** Vectors of four in a head. */
const depthOf = ({ query, heads }: AttentionProblem) => query.shape[1] / heads / 4;

const fours = (count: number) => Math.ceil(count / 4) * 4;
