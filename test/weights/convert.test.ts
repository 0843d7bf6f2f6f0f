import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32, float32ToBfloat16, float32ToHalf, halfToFloat32 } from '../../src/tensor/sixteenBit.js';
import { toFloat32, toFloat64Numbers } from '../../src/weights/convert.js';

const ALL_BITS = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** The value of half-precision bits by the definition of the format. */
function halfByDefinition(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction > 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

/** The value among `candidates` nearest to `value`; of two equally near, the one with even bits. */
function nearestBits(value: number, bits: Uint16Array, values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < bits.length; index += 1) {
    const gain = Math.abs(values[best] - value) - Math.abs(values[index] - value);
    if (gain > 0 || (gain === 0 && bits[index] % 2 === 0)) best = index;
  }
  return bits[best];
}

describe('conversions', () => {
  it('converts every half exactly and back', () => {
    const values = halfToFloat32(ALL_BITS);
    expect([...values]).toEqual(Array.from(ALL_BITS, halfByDefinition));
    const back = float32ToHalf(values);
    const wrong = ALL_BITS.filter((bits) => back[bits] !== bits && !Number.isNaN(values[bits]));
    expect([...wrong]).toEqual([]);
    expect(halfToFloat32(back).filter(Number.isNaN).length).toBe(2 * 1023);
  });

  it('converts every bfloat16 exactly and back', () => {
    const values = bfloat16ToFloat32(ALL_BITS);
    const words = new Uint32Array(values.buffer);
    expect(ALL_BITS.every((bits) => words[bits] === bits * 65536)).toBe(true);
    const back = float32ToBfloat16(values);
    const wrong = ALL_BITS.filter((bits) => back[bits] !== bits && !Number.isNaN(values[bits]));
    expect([...wrong]).toEqual([]);
    expect(bfloat16ToFloat32(back).filter(Number.isNaN).length).toBe(2 * 127);
  });

  it.each([
    ['half', float32ToHalf, halfToFloat32, 0x7c00],
    ['bfloat16', float32ToBfloat16, bfloat16ToFloat32, 0x7f80],
  ] as const)('rounds float32 to the nearest %s, ties to even', (_name, shorten, lengthen, infinity) => {
    const positive = ALL_BITS.subarray(0, infinity);
    const values = lengthen(positive);
    const between = fc.nat(infinity - 2).chain((bits) => {
      const [low, high] = [values[bits], values[bits + 1]];
      return fc
        .constantFrom(0, 0.25, 0.4999, 0.5, 0.5001, 0.75)
        .map((share) => ({ bits, value: Math.fround(low + (high - low) * share) }));
    });
    fc.assert(
      fc.property(between, ({ bits, value }) => {
        const window = positive.subarray(Math.max(0, bits - 1), bits + 3);
        const expected = nearestBits(value, window, lengthen(window));
        expect(shorten(Float32Array.of(value, -value))).toEqual(Uint16Array.of(expected, expected + 0x8000));
      }),
      { numRuns: 2000 },
    );
  });

  it('overflows to infinity where rounding says so', () => {
    expect(float32ToHalf(Float32Array.of(65504, 65519.99, 65520, -1e9, 2 ** -25, 2 ** -24))).toEqual(
      Uint16Array.of(0x7bff, 0x7bff, 0x7c00, 0xfc00, 0, 1),
    );
    expect(float32ToBfloat16(Float32Array.of(3.4028235e38, Number.POSITIVE_INFINITY))).toEqual(
      Uint16Array.of(0x7f80, 0x7f80),
    );
  });

  it('reads every dtype from unaligned bytes', () => {
    const cases = [
      ['F64', Float64Array.of(0.1, -2)],
      ['F32', Float32Array.of(0.1, -2)],
      ['I64', BigInt64Array.of(7n, -(2n ** 40n))],
      ['I32', Int32Array.of(7, -70000)],
      ['I16', Int16Array.of(7, -700)],
      ['I8', Int8Array.of(7, -7)],
      ['U32', Uint32Array.of(7, 4e9)],
      ['U16', Uint16Array.of(7, 65535)],
      ['U8', Uint8Array.of(7, 255)],
      ['BOOL', Uint8Array.of(0, 1)],
    ] as const;
    for (const [dtype, values] of cases) {
      const shifted = new Uint8Array(values.byteLength + 1);
      shifted.set(new Uint8Array(values.buffer), 1);
      const expected = Array.from<number | bigint, number>(values as Iterable<number | bigint>, Number);
      expect([...toFloat64Numbers(shifted.subarray(1), dtype)]).toEqual(expected);
      expect([...toFloat32(shifted.subarray(1), dtype)]).toEqual(expected.map(Math.fround));
    }
    expect([...toFloat64Numbers(Uint8Array.of(0, 0x3c, 0, 0xc0), 'F16')]).toEqual([1, -2]);
    expect([...toFloat64Numbers(Uint8Array.of(0x80, 0x3f, 0, 0xc0), 'BF16')]).toEqual([1, -2]);
  });

  it('refuses broken lengths and dtypes it cannot read', () => {
    expect(() => toFloat32(new Uint8Array(6), 'F32')).toThrow(/whole F32 values of 4 bytes, found 6/);
    expect(() => toFloat32(new Uint8Array(4), 'F8_E8M0')).toThrow(/not supported yet/);
  });
});
