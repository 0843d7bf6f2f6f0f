import { float32ToHalf } from '../../tensor/sixteenBit.js';
import type { TracedTensor } from '../../trace/traceSink.js';
import { encodeHeader } from '../../weights/safetensors/encodeHeader.js';
import { SAFETENSORS_MARK } from '../files/ownFile.js';

/** The largest finite f16, where larger values stop: a drift that is infinite would have no place in a scale of colours. */
const MAX_HALF = 65504;

/** The tensors as one safetensors file; f32 first, so that each begins at a multiple of its element's size. */
export function encodeTensors(path: string, tensors: readonly TracedTensor[]): Uint8Array {
  const parts = [...tensors]
    .sort((left, right) => Number(left.dtype === 'f16') - Number(right.dtype === 'f16'))
    .map(({ name, shape, dtype, values }) => {
      const stored = dtype === 'f16' ? float32ToHalf(values.map(clamped)) : values;
      const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
      return { name, shape, dtype: dtype === 'f16' ? ('F16' as const) : ('F32' as const), bytes };
    });
  const entries = parts.map(({ bytes, ...entry }) => ({ ...entry, byteLength: bytes.byteLength }));
  return Buffer.concat([encodeHeader(path, entries, SAFETENSORS_MARK), ...parts.map(({ bytes }) => bytes)]);
}

const clamped = (value: number) => Math.min(Math.max(value, -MAX_HALF), MAX_HALF);
