import { TokenTrimError } from '../../errors.js';
import type { HostValues } from '../device.js';
import { elementCount, formatShape, type Shape } from '../shape.js';
import { bytesOf, type DType } from '../tensor.js';

/**
 * The bytes of host values as an adapter holds them: f32, or 16-bit patterns in whole words.
 * @throws TokenTrimError where there are more or fewer than the shape has
 */
export function hostBytes(values: HostValues, shape: Shape, dtype: DType): Uint8Array<ArrayBuffer> {
  checkCount(values, shape);
  const exact = values instanceof Float64Array ? Float32Array.from(values) : values;
  const bytes = new Uint8Array(exact.buffer as ArrayBuffer, exact.byteOffset, exact.byteLength);
  if (bytes.byteLength % 4 === 0) return bytes;
  const words = new Uint8Array(bytesOf(dtype, values.length)); // an odd number of 16-bit values
  words.set(bytes);
  return words;
}

/** @throws TokenTrimError where there are more or fewer values than the shape has */
export function checkCount(values: HostValues, shape: Shape): void {
  const count = elementCount(shape);
  if (values.length === count) return;
  throw new TokenTrimError(`upload: ${formatShape(shape)} needs ${count} values, found ${values.length}`);
}
