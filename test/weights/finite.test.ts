import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toFloat64Numbers } from '../../src/weights/convert.js';
import { countNonFinite, firstNonFinite } from '../../src/weights/finite.js';
import type { StoredType } from '../../src/weights/storedType.js';

const FLOATS = ['F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2'] as const;
const SIZES = { F64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1 } as const;

/** Bytes of which many are exponents full of ones, at an offset that no word begins at. */
const bytes = fc.array(fc.oneof(fc.constantFrom(0x00, 0x7c, 0x7f, 0x80, 0xf0, 0xff), fc.nat(255)), { maxLength: 120 });

describe('values that are not finite', () => {
  it.each(FLOATS)('are found among %s as converting all of them finds them', (dtype) => {
    fc.assert(
      fc.property(bytes, fc.nat(7), (codes, offset) => {
        const length = codes.length - (codes.length % SIZES[dtype]);
        const data = new Uint8Array(offset + length);
        data.set(codes.slice(0, length), offset);
        const view = data.subarray(offset);
        const values = toFloat64Numbers(view, dtype);
        const first = values.findIndex((value) => !Number.isFinite(value));
        const nan = values.filter((value) => Number.isNaN(value)).length;
        const infinite = values.filter((value) => Math.abs(value) === Number.POSITIVE_INFINITY).length;
        expect(firstNonFinite(view, dtype)).toBe(first);
        expect(countNonFinite(view, dtype)).toEqual(first < 0 ? undefined : { nan, infinite, first });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['F8_E4M3FNUZ', 0x80, 0x7f],
    ['F8_E5M2FNUZ', 0x80, 0xff],
    ['F8_E8M0', 0xff, 0xfe],
  ] satisfies [StoredType, number, number][])('are one code of %s', (dtype, nan, largest) => {
    expect(countNonFinite(Uint8Array.of(0, largest, nan, 1, nan), dtype)).toEqual({ nan: 2, infinite: 0, first: 2 });
    expect(firstNonFinite(Uint8Array.of(0, largest, 1), dtype)).toBe(-1);
  });

  it('count once in a complex number, and never in an integer', () => {
    const pairs = Float32Array.of(1, 2, Number.NaN, Number.NaN, 0, Number.POSITIVE_INFINITY);
    expect(countNonFinite(new Uint8Array(pairs.buffer), 'C64')).toEqual({ nan: 1, infinite: 1, first: 1 });
    for (const dtype of ['I64', 'I32', 'I8', 'U8', 'BOOL'] as const) {
      expect(firstNonFinite(new Uint8Array(16).fill(255), dtype)).toBe(-1);
    }
  });
});
