import { ensure } from '../../errors.js';
import { typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './quantizedRows.twin.js';
import { quantizedWords } from './quantizedWords.js';

/**
 * Writes consecutive rows of `x` into chosen rows of a cache in 8 bits, in place: for each row and head a scale, and the
 * nearest multiples of it.
 * @param cache u32 [capacity, quantizedWords(width, heads)]
 * @param rows u32 [count], distinct
 * @param x [any, width], f32, bf16 or f16, finite
 */
export function updateQuantizedRows(cache: Tensor, rows: Tensor, x: Tensor, heads: number): void {
  expectShape(rows.shape, ['any'], 'updateQuantizedRows: rows');
  expectShape(x.shape, ['any', 'any'], 'updateQuantizedRows: x');
  const [[available, width], [count]] = [x.shape, rows.shape];
  expectShape(cache.shape, ['any', quantizedWords(width, heads)], 'updateQuantizedRows: cache');
  ensure(count <= available, `updateQuantizedRows: x has ${available} rows, ${count} are needed`);
  cache.device.launch({
    kernel: 'updateQuantizedRows',
    reads: [x, rows],
    output: cache,
    overrides: { X_TYPE: typeCode(x.dtype, 'updateQuantizedRows: x') },
    params: [count, heads, width / heads, cache.shape[1]].map(u32),
    workgroups: count * heads,
    twin: () => reference.updateQuantizedRows(cache.hostIndices, rows.hostIndices, x.host, heads),
    backward: 'constant',
  });
}

/**
 * Rows of a table in 8 bits, by index, as they were before up to half a step.
 * @param table u32 [any, quantizedWords(width, heads)]
 * @param rows u32 [count]
 * @returns [count, width]
 */
export function gatherQuantizedRows(table: Tensor, rows: Tensor, width: number, heads: number): Tensor {
  expectShape(table.shape, ['any', quantizedWords(width, heads)], 'gatherQuantizedRows: table');
  expectShape(rows.shape, ['any'], 'gatherQuantizedRows: rows');
  const [count] = rows.shape;
  return table.device.launch({
    kernel: 'gatherQuantizedRows',
    reads: [table, rows],
    output: [count, width],
    params: [count, heads, width / heads, table.shape[1]].map(u32),
    workgroups: count,
    twin: () => reference.gatherQuantizedRows(table.hostIndices, rows.hostIndices, width, heads),
  });
}
