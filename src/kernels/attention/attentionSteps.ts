import { f32, type KernelCall, u32 } from '../../tensor/device.js';
import { elementCount, type Shape } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { subgroupSize } from '../forms/form.js';
import { type AttentionProblem, hostOf, keyTypeCode } from './attentionForm.js';
import * as reference from './attentionSteps.twin.js';

/** Scores held at a time; more queries than fit are done one part after the other. */
const MAX_SCORE_BYTES = 64 * 2 ** 20;

/** Queries that fill tiles of every size. */
const WHOLE_TILES = 32;

/** Products from which on larger tiles of scores, which take twice as long to compile, are worth it. */
const LARGE = 2 ** 27;

/**
 * Attention in three kernels for adapters with small subgroups: the first and the last are matrix products in registers,
 * and all three compile in a fraction of the time of a fused one.
 * @returns [queries, heads * headDim]
 */
export function attentionInSteps(problem: AttentionProblem): Tensor {
  const { query, heads } = problem;
  const { device } = query;
  const [queries, width] = query.shape;
  const y = device.zeros([queries, width]);
  const lanes = subgroupSize(device);
  const most = 2 ** Math.floor(Math.log2(Math.min(MAX_SCORE_BYTES, device.maxBindingBytes) / 4));
  const fit = Math.floor(most / partOf(problem, lanes, 0, 1).room);
  const atOnce = fit < WHOLE_TILES ? Math.max(1, fit) : fit - (fit % WHOLE_TILES);
  for (let first = 0; first < queries; first += atOnce) {
    const part = partOf(problem, lanes, first, Math.min(atOnce, queries - first));
    device.scope(() => {
      const scores = attentionScores(problem, part);
      attentionSoftmax(heads, part, scores);
      attentionValues(problem, part, scores, y);
    });
  }
  return y;
}

/**
 * Queries first ... first + count - 1 over tiles of 4 * lanes keys, and how their scores lie in one tensor: for each head and
 * query `columns` of them, those of the cache, then own ones from `ownColumn` on, each from a whole tile on; behind all
 * of them, for each head, query and tile, a vector of which two elements are used.
 */
export interface AttentionPart {
  readonly lanes: number;
  readonly first: number;
  readonly count: number;
  readonly tiles: number;
  readonly columns: number;
  readonly ownColumn: number;
  /** Elements that the scores would take if no row of the cache were left out. */
  readonly room: number;
}

/** @param lanes of every subgroup */
export function partOf(
  { cached, heads, rowCount, ownCount }: AttentionProblem,
  lanes: number,
  first: number,
  count: number,
): AttentionPart {
  const tileKeys = 4 * lanes;
  const [cachedTiles, ownTiles] = [rowCount, ownCount].map((keys) => Math.ceil(keys / tileKeys));
  // Room for as many keys as the cache has rows: a cache that loses tokens must not need buffers of ever new sizes.
  const cacheRows = cached ? cached.keys.shape[0] : 0;
  const roomTiles = Math.max(cachedTiles, Math.ceil(cacheRows / tileKeys)) + ownTiles;
  const tiles = cachedTiles + ownTiles;
  return {
    lanes,
    first,
    count,
    tiles,
    columns: tiles * tileKeys,
    ownColumn: cachedTiles * tileKeys,
    room: heads * count * roomTiles * (tileKeys + 4),
  };
}

/**
 * The first step: exponentials of scores, from the largest of each tile on, and that largest and their sum for each tile.
 * @returns [heads, count, columns], [heads, count, tiles, 4], and room behind them: few sizes mean few buffers in the device's pool
 */
export function attentionScores(problem: AttentionProblem, part: AttentionPart): Tensor {
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
        KEY_TYPE: keyTypeCode(keys),
        HAS_ROWS: rows ? 1 : 0,
        HAS_BIAS: bias ? 1 : 0,
      },
      operations: 2 * count * keyCount * query.shape[1],
      params: [...[first, count, heads, depthOf(problem), keyCount, column, columns, biasSpan].map(u32), f32(scale)],
      workgroups: heads * Math.ceil(count / (8 * groups)) * Math.ceil(keyCount / (4 * lanes)),
      twin: () =>
        reference.attentionScores(
          output instanceof Tensor ? output.host.data : new Float64Array(elementCount(output as Shape)),
          { query: query.host, keys: hostOf(keys, problem), rows: rows?.hostIndices, bias: bias?.host, heads, scale },
          { first, count, column, columns, tileKeys: 4 * lanes },
        ),
    });
  };
  const shape = [2 ** Math.ceil(Math.log2(part.room))];
  const scores = cached && launch(cached.keys, cached.rows, 0, shape);
  return own ? launch(own.keys, undefined, part.ownColumn, scores ?? shape) : (scores as Tensor);
}

/** The second step, in place: the exponentials of the tiles become one softmax a query. */
export function attentionSoftmax(
  heads: number,
  { lanes, count, tiles }: Pick<AttentionPart, 'lanes' | 'count' | 'tiles'>,
  scores: Tensor,
): void {
  const rows = heads * count;
  scores.device.launch({
    kernel: 'attentionSoftmax.subgroup',
    reads: [],
    output: scores,
    overrides: { SUBGROUP: lanes },
    params: [rows, tiles].map(u32),
    workgroups: rows,
    twin: () => reference.attentionSoftmax(scores.host, rows, tiles, 4 * lanes),
  });
}

/** The third step: the values weighted, into the rows of `y` [queries, heads * headDim] that the part is of. */
export function attentionValues(problem: AttentionProblem, part: AttentionPart, scores: Tensor, y: Tensor): void {
  const { query, heads, cached, own, rowCount, ownCount } = problem;
  const { lanes, first, count, ownColumn, columns } = part;
  const depth = depthOf(problem);
  query.device.launch({
    kernel: 'attentionValues.subgroup',
    reads: [scores, cached?.rows ?? query, cached?.values ?? query, own?.values ?? query],
    output: y,
    overrides: {
      SUBGROUP: lanes,
      CACHE_TYPE: keyTypeCode(cached?.values),
      OWN_TYPE: keyTypeCode(own?.values),
      HAS_CACHE: cached ? 1 : 0,
      HAS_OWN: own ? 1 : 0,
    },
    operations: 2 * count * (rowCount + ownCount) * query.shape[1],
    params: [first, count, heads, depth, rowCount, ownColumn, ownCount, columns].map(u32),
    workgroups: heads * Math.ceil(count / 16) * Math.ceil(depth / lanes),
    twin: () =>
      reference.attentionValues(
        y.host,
        scores.host,
        cached && { values: hostOf(cached.values, problem), rows: cached.rows.hostIndices },
        own?.values.host,
        heads,
        { first, count, ownColumn, columns },
      ),
  });
}

/** Vectors of four in a head. */
const depthOf = ({ headDim }: AttentionProblem) => headDim / 4;
