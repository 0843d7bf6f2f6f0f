import { TokenTrimError } from '../../../src/errors.js';
import { headerLength, parseHeader } from '../../../src/weights/safetensors/header.js';

/** A tensor of a safetensors file that is in memory; f32 and f16, which are what a trace holds. */
export function readTensor(
  bytes: Uint8Array,
  name: string,
  file: string,
): { shape: readonly number[]; values: Float32Array } {
  const length = headerLength(bytes.subarray(0, 8), bytes.length, file);
  const start = 8 + length;
  const { tensors } = parseHeader(bytes.subarray(8, start), bytes.length - start, file);
  const entry = tensors.get(name);
  if (!entry) throw new TokenTrimError(`${file} holds no tensor ${name}`);
  const { dtype, shape, begin, byteLength } = entry;
  const data = bytes.slice(start + begin, start + begin + byteLength);
  if (dtype === 'F32') return { shape, values: new Float32Array(data.buffer) };
  if (dtype !== 'F16') throw new TokenTrimError(`${file}: ${name} is of type ${dtype}; a trace holds F32 and F16`);
  return { shape, values: Float32Array.from(new Uint16Array(data.buffer), halfValue) };
}

/** The number that sixteen bits stand for. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction > 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? (sign * fraction) / 2 ** 24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
