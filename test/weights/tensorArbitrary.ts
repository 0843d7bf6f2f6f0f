import fc from 'fast-check';
import type { TensorData } from '../../src/node/weights/writeSafetensors.js';
import { bytesOf, type ReadableType } from '../../src/weights/storedType.js';

const DTYPES: readonly ReadableType[] = [
  'F64',
  'F32',
  'F16',
  'BF16',
  'I64',
  'I32',
  'I16',
  'I8',
  'U8',
  'U32',
  'U16',
  'BOOL',
];

/** A tensor of any dtype and up to four axes, sizes of 0 included, filled with arbitrary bytes. */
const tensorArbitrary: fc.Arbitrary<TensorData> = fc
  .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(4), { maxLength: 4 }))
  .chain(([dtype, shape]) => {
    const length = shape.reduce((product, size) => product * size, bytesOf(dtype));
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ dtype, shape, data }));
  });

/** Names as files have them, and names that trip JavaScript objects. */
const nameArbitrary: fc.Arbitrary<string> = fc.oneof(
  fc.string({ minLength: 1, unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', 'blocks.0.self_attn.q.weight'),
);

/** The tensors of a file. */
export const tensorsArbitrary: fc.Arbitrary<Map<string, TensorData>> = fc
  .array(fc.tuple(nameArbitrary, tensorArbitrary), { maxLength: 6 })
  .map((entries) => new Map(entries));
