import { f32, type KernelCall, u32 } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import { subgroupSize } from '../forms/form.js';
import { weightType } from '../linear/linear.js';
import type { AttentionContext } from './attention.js';

/** What `attention` has checked and worked out. */
export interface AttentionProblem extends AttentionContext {
  readonly query: Tensor;
  readonly heads: number;
  readonly scale: number;
  readonly bias: Tensor | undefined;
  /** Of the bias, as `attention` counts it. */
  readonly biasSpan: number;
}

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
  const lanes = subgroupSize(device);
  const tileKeys = 4 * lanes;
  const tilesOf = (keys: number) => Math.ceil(keys / tileKeys);
  const cachedTiles = cached ? tilesOf(cached.rows.size) : 0;
  const ownTiles = own ? tilesOf(own.keys.shape[0]) : 0;
  // Room for as many keys as the cache has rows: a cache that loses tokens must not need buffers of ever new sizes.
  const roomTiles = Math.max(cachedTiles, cached ? tilesOf(cached.keys.shape[0]) : 0) + ownTiles;
  const rowRoom = roomTiles * (tileKeys + 4); // columns, and a vector for each tile
  const y = device.zeros([queries, width]);
  const most = 2 ** Math.floor(Math.log2(Math.min(MAX_SCORE_BYTES, device.maxBindingBytes) / 4));
  const fit = Math.floor(most / (heads * rowRoom));
  const atOnce = fit < WHOLE_TILES ? Math.max(1, fit) : fit - (fit % WHOLE_TILES);
  for (let first = 0; first < queries; first += atOnce) {
    const count = Math.min(atOnce, queries - first);
    const tiles = cachedTiles + ownTiles;
    const part: Part = {
      lanes,
      first,
      count,
      ownColumn: cachedTiles * tileKeys,
      tiles,
      columns: tiles * tileKeys,
      room: heads * count * rowRoom,
    };
    device.scope(() => {
      const scores = scoresOf(problem, part);
      softmax(problem, part, scores);
      values(problem, part, scores, y);
    });
  }
  return y;
}

/** Queries first ... first + count - 1 over tiles of 4 * lanes keys: those of the cache, then own ones from `ownColumn` on. */
interface Part {
  readonly lanes: number;
  readonly first: number;
  readonly count: number;
  readonly ownColumn: number;
  readonly tiles: number;
  readonly columns: number;
  /** Elements of all rows if no row of the cache were left out. */
  readonly room: number;
}

/** Queries that fill tiles of every size. */
const WHOLE_TILES = 32;

/** Products from which on larger tiles of scores, which take twice as long to compile, are worth it. */
const LARGE = 2 ** 27;

/** [heads, count, columns], [heads, count, tiles, 4], and room behind them: few sizes mean few buffers in the device's pool. */
function scoresOf(problem: AttentionProblem, part: Part): Tensor {
  const { query, heads, scale, bias, biasSpan, cached, own } = problem;
  const { lanes, first, count, columns } = part;
  const launch = (keys: Tensor, rows: Tensor | undefined, column: number, output: KernelCall['output']) => {
    const keyCount = rows?.size ?? keys.shape[0];
    const isPacked = keys.dtype !== 'f32';
    const groups = bias || count * keyCount * query.shape[1] < LARGE ? 2 : 4;
    return query.device.launch({
      kernel: 'attentionScores.subgroup',
      reads: [query, isPacked ? query : keys, isPacked ? keys : query, rows ?? query, bias ?? query],
      output,
      overrides: {
        SUBGROUP: lanes,
        GROUPS: groups,
        KEY_TYPE: weightType(keys.dtype),
        HAS_ROWS: rows ? 1 : 0,
        HAS_BIAS: bias ? 1 : 0,
      },
      operations: 2 * count * keyCount * query.shape[1],
      params: [...[first, count, heads, depthOf(problem), keyCount, column, columns, biasSpan].map(u32), f32(scale)],
      workgroups: heads * Math.ceil(count / (8 * groups)) * Math.ceil(keyCount / (4 * lanes)),
      twin: NO_TWIN,
    });
  };
  const shape = [2 ** Math.ceil(Math.log2(part.room))];
  const scores = cached && launch(cached.keys, cached.rows, 0, shape);
  return own ? launch(own.keys, undefined, part.ownColumn, scores ?? shape) : (scores as Tensor);
}

function softmax({ query, heads }: AttentionProblem, part: Part, scores: Tensor): void {
  const { lanes, count, tiles } = part;
  query.device.launch({
    kernel: 'attentionSoftmax.subgroup',
    reads: [],
    output: scores,
    overrides: { SUBGROUP: lanes },
    params: [heads * count, tiles].map(u32),
    workgroups: heads * count,
    twin: NO_TWIN,
  });
}

function values(problem: AttentionProblem, part: Part, scores: Tensor, y: Tensor): void {
  const { query, heads, cached, own } = problem;
  const { lanes, first, count, ownColumn, columns } = part;
  const depth = depthOf(problem);
  query.device.launch({
    kernel: 'attentionValues.subgroup',
    reads: [scores, cached?.rows ?? query, cached?.values ?? query, own?.values ?? query],
    output: y,
    overrides: {
      SUBGROUP: lanes,
      CACHE_TYPE: weightType(cached?.values.dtype ?? 'f32'),
      OWN_TYPE: weightType(own?.values.dtype ?? 'f32'),
      HAS_CACHE: cached ? 1 : 0,
      HAS_OWN: own ? 1 : 0,
    },
    operations: 2 * count * ((cached?.rows.size ?? 0) + (own?.values.shape[0] ?? 0)) * query.shape[1],
    params: [first, count, heads, depth, cached?.rows.size ?? 0, ownColumn, own?.values.shape[0] ?? 0, columns].map(
      u32,
    ),
    workgroups: heads * Math.ceil(count / 16) * Math.ceil(depth / lanes),
    twin: NO_TWIN,
  });
}

/** The steps run on GPUs only; the reference device runs the twin of `attention`. */
const NO_TWIN = () => undefined;

/** Vectors of four in a head. */
const depthOf = ({ query, heads }: AttentionProblem) => query.shape[1] / heads / 4;
