import { ensure } from '../../errors.js';
import { u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import * as reference from './rows.twin.js';

/**
 * Rows of a table, of any type, by index. Indices past the end are the caller's mistake: a GPU clamps them, the twin throws.
 * @param table [any, width]
 * @param rows u32 [count]
 * @returns [count, width]
 */
export function gatherRows(table: Tensor, rows: Tensor): Tensor {
  expectShape(table.shape, ['any', 'any'], 'gatherRows: table');
  expectShape(rows.shape, ['any'], 'gatherRows: rows');
  const width = table.shape[1];
  const [count] = rows.shape;
  const words = wordsOf(table, 'gatherRows: table');
  return table.device.launch({
    kernel: 'gatherRows',
    reads: [table, rows],
    output: [count, width],
    outputType: table.dtype,
    params: [u32(count), u32(words)],
    workgroups: count,
    twin: () => reference.gatherRows(table.host, rows.hostIndices),
  });
}

/**
 * Writes consecutive rows of `x` into chosen rows of `cache`, in place.
 * @param cache [capacity, width]
 * @param rows u32 [count], distinct
 * @param x [any, width], of the cache's type
 * @param firstRow the first row of x to write
 */
export function updateRows(cache: Tensor, rows: Tensor, x: Tensor, firstRow = 0): void {
  expectShape(rows.shape, ['any'], 'updateRows: rows');
  const width = cache.shape[1];
  const [count] = rows.shape;
  expectShape(x.shape, ['any', width], 'updateRows: x');
  ensure(firstRow + count <= x.shape[0], `updateRows: x has ${x.shape[0]} rows, ${firstRow + count} are needed`);
  ensure(x.dtype === cache.dtype, `updateRows: rows of ${x.dtype} cannot be written into a cache of ${cache.dtype}`);
  const words = wordsOf(cache, 'updateRows: cache');
  cache.device.launch({
    kernel: 'updateRows',
    reads: [x, rows],
    output: cache,
    params: [u32(count), u32(words), u32(firstRow)],
    workgroups: count,
    twin: () => reference.updateRows(cache.host, rows.hostIndices, x.host, firstRow),
    backward: 'constant',
  });
}

/** 32-bit words of a row: the kernels copy words, whatever they hold. */
function wordsOf(table: Tensor, what: string): number {
  const width = table.shape[1];
  const isWhole = bytesOf(table.dtype, 2 * width) === 2 * bytesOf(table.dtype, width);
  ensure(isWhole, `${what}: rows of ${width} packed 16-bit values do not fill whole words`);
  return bytesOf(table.dtype, width) / 4;
}
