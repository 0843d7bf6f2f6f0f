import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/**
 * Float64 twin of `attentionScores.subgroup.wgsl`: query [queries, heads * headDim], keys [any, heads * headDim], of which
 * `rows` are read or all, bias [2 * span - 1, heads] by key row - query row + span - 1. Writes exp(t - largest t of the tile)
 * into [heads, count, columns] from `column` on, and (largest t, sum) into [heads, count, tiles, 4] behind them.
 */
export function attentionScores(
  into: Float64Array,
  inputs: { query: Values; keys: Values; rows?: Uint32Array; bias?: Values; heads: number; scale: number },
  part: { first: number; count: number; column: number; columns: number; tileKeys: number },
): Values {
  const { query, keys, rows, bias, heads, scale } = inputs;
  const { first, count, column, columns, tileKeys } = part;
  const [headDim, keyCount] = [query.shape[1] / heads, rows?.length ?? keys.shape[0]];
  const scoreOf = (q: number, head: number, row: number) => {
    let dot = 0;
    for (let d = head * headDim; d < (head + 1) * headDim; d++) dot += query.get(q, d) * keys.get(row, d);
    return dot * scale + (bias ? bias.get(row - q + (bias.shape[0] - 1) / 2, head) : 0);
  };
  for (let line = 0; line < heads * count; line++) {
    const [head, q] = [Math.floor(line / count), first + (line % count)];
    for (let from = 0; from < keyCount; from += tileKeys) {
      const length = Math.min(tileKeys, keyCount - from);
      const scores = Array.from({ length }, (_, j) => scoreOf(q, head, rows ? rows[from + j] : from + j));
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      into.set(weights, line * columns + column + from);
      const tile = (line * columns + column + from) / tileKeys;
      into.set([largest, weights.reduce((left, right) => left + right)], heads * count * columns + 4 * tile);
    }
  }
  return ndarray(into, [into.length]);
}

/** Float64 twin of `attentionSoftmax.subgroup.wgsl`, in place: s [rows, tiles, tileKeys], then [rows, tiles, 4], as above. */
export function attentionSoftmax(s: Values, rows: number, tiles: number, tileKeys: number): Values {
  for (let row = 0; row < rows; row++) {
    const statistic = (tile: number, which: 0 | 1) =>
      s.data[rows * tiles * tileKeys + 4 * (row * tiles + tile) + which];
    const factors = Array.from({ length: tiles }, (_, tile) => statistic(tile, 0));
    const largest = Math.max(...factors);
    let total = 0;
    for (let tile = 0; tile < tiles; tile++) total += statistic(tile, 1) * Math.exp(factors[tile] - largest);
    for (let column = 0; column < tiles * tileKeys; column++) {
      const factor = Math.exp(factors[Math.floor(column / tileKeys)] - largest) / total;
      s.data[row * tiles * tileKeys + column] *= factor;
    }
  }
  return s;
}

/**
 * Float64 twin of `attentionValues.subgroup.wgsl`: weights p [heads, count, columns], the first of them for the listed rows
 * of the cached values, those from `ownColumn` on for all own values, [any, heads * headDim] both. Writes rows
 * first ... first + count - 1 of y [queries, heads * headDim].
 */
export function attentionValues(
  y: Values,
  p: Values,
  cached: { values: Values; rows: Uint32Array } | undefined,
  own: Values | undefined,
  heads: number,
  { first, count, ownColumn, columns }: { first: number; count: number; ownColumn: number; columns: number },
): Values {
  const width = y.shape[1];
  const listed = Array.from(cached?.rows ?? [], (row, j) => ({ column: j, row, values: cached?.values as Values }));
  const others = Array.from({ length: own?.shape[0] ?? 0 }, (_, row) => ({
    column: ownColumn + row,
    row,
    values: own as Values,
  }));
  for (let q = 0; q < count; q++) {
    for (let d = 0; d < width; d++) {
      const head = Math.floor(d / (width / heads));
      const line = (head * count + q) * columns;
      let sum = 0;
      for (const { column, row, values } of [...listed, ...others]) sum += p.data[line + column] * values.get(row, d);
      y.set(first + q, d, sum);
    }
  }
  return y;
}
