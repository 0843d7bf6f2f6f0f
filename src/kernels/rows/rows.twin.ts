import ndarray, { type NdArray } from 'ndarray';
import { ensure } from '../../errors.js';

type Values = NdArray<Float64Array>;

/** Float64 twin of `gatherRows.wgsl`: rows of table [any, width] by index. */
export function gatherRows(table: Values, rows: Uint32Array): Values {
  const [available, width] = table.shape;
  const y = new Float64Array(rows.length * width);
  rows.forEach((row, i) => {
    ensure(row < available, `gatherRows: row ${row} of a table that has ${available}`);
    y.set(table.data.subarray(row * width, (row + 1) * width), i * width);
  });
  return ndarray(y, [rows.length, width]);
}

/** Float64 twin of `updateRows.wgsl`: writes x[firstRow + i] into cache[rows[i]], in place. */
export function updateRows(cache: Values, rows: Uint32Array, x: Values, firstRow: number): Values {
  const [capacity, width] = cache.shape;
  rows.forEach((row, i) => {
    ensure(row < capacity, `updateRows: row ${row} of a cache that has ${capacity}`);
    cache.data.set(x.data.subarray((firstRow + i) * width, (firstRow + i + 1) * width), row * width);
  });
  return cache;
}
