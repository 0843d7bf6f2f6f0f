import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32 } from '../../src/tensor/sixteenBit.js';
import { float8Values, toFloat32 } from '../../src/weights/convert.js';
import type { StoredType } from '../../src/weights/storedType.js';
import type { TensorSource } from '../../src/weights/tensorSource.js';
import { hasScales, type WideType, widenFloat8 } from '../../src/weights/widenFloat8.js';

const ALL_CODES = Uint8Array.from({ length: 256 }, (_, code) => code);

/** The value of a code by the definition of the format: sign, exponent, fraction, exponent bias. */
function byDefinition(code: number, dtype: 'F8_E4M3' | 'F8_E5M2'): number {
  const [fractionBits, bias] = dtype === 'F8_E4M3' ? [3, 7] : [2, 15];
  const sign = code >= 128 ? -1 : 1;
  const exponent = (code & 127) >> fractionBits;
  const fraction = (code & ((1 << fractionBits) - 1)) / (1 << fractionBits);
  if (dtype === 'F8_E4M3' && (code & 127) === 127) return Number.NaN;
  if (dtype === 'F8_E5M2' && exponent === 31) return fraction > 0 ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

type Stored = { dtype: StoredType; shape: readonly number[]; data: Uint8Array };
const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const scalar = (value: number): Stored => ({ dtype: 'F32', shape: [], data: bytesOf(Float32Array.of(value)) });

function sourceOf(tensors: Record<string, Stored>): TensorSource {
  const rowBytes = (name: string) => tensors[name].data.length / (tensors[name].shape[0] ?? 1);
  return {
    label: 'memory',
    files: [],
    metadata: new Map(),
    names: () => Object.keys(tensors),
    has: (name) => name in tensors,
    info: (name) => ({ ...tensors[name], byteLength: tensors[name].data.length }),
    read: async (name) => tensors[name].data.slice(),
    readRows: async (name, first, count) =>
      tensors[name].data.slice(first * rowBytes(name), (first + count) * rowBytes(name)),
    close: async () => {},
  };
}

const float32 = (bytes: Uint8Array, to: WideType) => toFloat32(bytes, to);
const WIDE = ['BF16', 'F16', 'F32'] as const;

describe.each(['F8_E4M3', 'F8_E5M2'] as const)('%s', (dtype) => {
  it('has the values of its definition', () => {
    expect([...float8Values(dtype)]).toEqual(Array.from(ALL_CODES, (code) => byDefinition(code, dtype)));
  });

  it.each(WIDE)('widens every code to %s exactly', async (to) => {
    const wide = await widenFloat8(sourceOf({ w: { dtype, shape: [16, 16], data: ALL_CODES } }), to);
    expect(wide.info('w')).toEqual({ dtype: to, shape: [16, 16], byteLength: to === 'F32' ? 1024 : 512 });
    expect([...float32(await wide.read('w'), to)]).toEqual([...float8Values(dtype)]);
  });

  it.each(WIDE)('multiplies by a scale and rounds to %s once', async (to) => {
    const scales = fc.oneof(
      fc.float({ min: Math.fround(1e-6), max: 64, noNaN: true }),
      fc.integer({ min: -12, max: 6 }).map((exponent) => 2 ** exponent),
      fc.nat(2 ** 23 - 1).map((bits) => Math.fround((1 + bits / 2 ** 23) * 2 ** -10)),
    );
    await fc.assert(
      fc.asyncProperty(scales, async (scale) => {
        const tensors = {
          scaled_fp8: { dtype, shape: [0], data: new Uint8Array(0) },
          'a.weight': { dtype, shape: [256], data: ALL_CODES },
          'a.scale_weight': scalar(scale),
          'a.scale_input': scalar(3),
        };
        const wide = await widenFloat8(sourceOf(tensors), to);
        expect(wide.names()).toEqual(['a.weight']);
        const found = float32(await wide.read('a.weight'), to);
        const bits = to === 'BF16' ? 8 : to === 'F16' ? 11 : 24;
        const least = to === 'BF16' ? -133 : to === 'F16' ? -24 : -149;
        for (const [code, value] of float8Values(dtype).entries()) {
          const exact = value * scale;
          if (Number.isNaN(exact) || Math.abs(exact) >= (to === 'F16' ? 65520 : 3e38)) {
            expect(found[code]).toBe(Number.isNaN(exact) ? Number.NaN : Math.sign(exact) * Number.POSITIVE_INFINITY);
            continue;
          }
          // Nearest: the error is at most half a step of the target, and a tie has gone to an even number of steps.
          const step = 2 ** Math.max(Math.floor(Math.log2(Math.abs(exact) || 1)) - bits + 1, least);
          const error = Math.abs(found[code] - exact);
          expect(error).toBeLessThanOrEqual(step / 2);
          if (error === step / 2) expect(Math.abs(found[code] / step) % 2).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('widening', () => {
  const codes = fc.uint8Array({ minLength: 1, maxLength: 60 });

  it('reads rows as it reads the whole, with one scale or one for each row', async () => {
    const problem = fc.record({
      codes,
      width: fc.integer({ min: 1, max: 5 }),
      isByRow: fc.boolean(),
      to: fc.constantFrom(...WIDE),
    });
    await fc.assert(
      fc.asyncProperty(problem, fc.nat(100), fc.nat(100), async ({ codes, width, isByRow, to }, from, length) => {
        const rows = Math.max(1, Math.floor(codes.length / width));
        const data = Uint8Array.from({ length: rows * width }, (_, index) => codes[index % codes.length]);
        const scales = Float32Array.from({ length: isByRow ? rows : 1 }, (_, row) => 0.3 + row);
        const shape = isByRow ? [rows, 1] : [1];
        const source = sourceOf({
          'a.weight': { dtype: 'F8_E4M3', shape: [rows, width], data },
          'a.weight_scale': { dtype: 'F32', shape, data: bytesOf(scales) },
        });
        const wide = await widenFloat8(source, to);
        const first = from % rows;
        const count = Math.min(rows - first, length % (rows + 1));
        const whole = await wide.read('a.weight');
        const rowBytes = whole.length / rows;
        const part = await wide.readRows('a.weight', first, count);
        expect(part).toEqual(whole.slice(first * rowBytes, (first + count) * rowBytes));
        // A row's values are those of the row alone under its own scale.
        const scale = scales[isByRow ? first : 0];
        const alone = sourceOf({
          'a.weight': { dtype: 'F8_E4M3', shape: [1, width], data: data.slice(first * width, (first + 1) * width) },
          'a.weight_scale': scalar(scale),
        });
        expect(await (await widenFloat8(alone, to)).read('a.weight')).toEqual(
          whole.slice(first * rowBytes, (first + 1) * rowBytes),
        );
      }),
    );
  });

  it('leaves other tensors, and sources without 8-bit floats, as they are', async () => {
    const plain = sourceOf({ a: { dtype: 'F16', shape: [2], data: new Uint8Array(4) } });
    expect(await widenFloat8(plain)).toBe(plain);
    const norm = { dtype: 'BF16', shape: [2], data: Uint8Array.of(1, 2, 3, 4) } as const;
    const mixed = sourceOf({ norm, 'a.weight': { dtype: 'F8_E4M3', shape: [1], data: Uint8Array.of(0x38) } });
    const wide = await widenFloat8(mixed);
    expect(await wide.read('norm')).toEqual(norm.data);
    expect([...bfloat16ToFloat32(new Uint16Array((await wide.read('a.weight')).buffer))]).toEqual([1]);
    expect(hasScales(mixed)).toBe(false);
  });

  it('keeps a scale that belongs to no layer, so that it is reported as unexpected', async () => {
    const odd = sourceOf({
      'a.weight': { dtype: 'F8_E4M3', shape: [1], data: Uint8Array.of(1) },
      'b.scale_weight': scalar(2),
    });
    expect((await widenFloat8(odd)).names()).toEqual(['a.weight', 'b.scale_weight']);
  });

  it('refuses scales for blocks, and scales of weights that are not 8-bit', async () => {
    const blocks = { dtype: 'F32', shape: [2, 2], data: new Uint8Array(16) } as const;
    const weight = { dtype: 'F8_E4M3', shape: [2, 8], data: new Uint8Array(16) } as const;
    await expect(widenFloat8(sourceOf({ 'a.weight': weight, 'a.weight_scale': blocks }))).rejects.toThrow(
      /expected "a.weight_scale" to hold one scale, or one for each of 2 rows, found F32 \[2,2\]/,
    );
    const half = { dtype: 'F16', shape: [2], data: new Uint8Array(4) } as const;
    await expect(widenFloat8(sourceOf({ 'a.weight': half, 'a.scale_weight': scalar(2) }))).rejects.toThrow(
      /scales "a.weight", which is F16/,
    );
    expect((await widenFloat8(sourceOf({ 'a.weight': half, 'a.scale_weight': scalar(1) }))).names()).toEqual([
      'a.weight',
    ]);
  });

  it.each([
    ['BF16', 2 ** -7],
    ['F16', 2 ** -10],
  ] as const)('does not round to float32 on the way to %s', async (to, step) => {
    // Products so closely above the middle of two values, the lower of them even, that float32 shows the middle itself.
    const cases = Array.from({ length: 32 }, (_, index) => {
      const [eighths, below] = [9 + 2 * (index % 4), 1 + 2 * step * Math.floor(index / 4)];
      const scale = Math.fround((below + step / 2) / (eighths / 8));
      return { code: 0x30 + eighths, scale, below, product: (eighths / 8) * scale };
    }).filter(({ below, product }) => product > below + step / 2 && Math.fround(product) === below + step / 2);
    expect(cases.length).toBeGreaterThan(3);
    for (const { code, scale, below } of cases) {
      const weight = { dtype: 'F8_E4M3', shape: [1], data: Uint8Array.of(code) } as const;
      const wide = await widenFloat8(sourceOf({ 'a.weight': weight, 'a.scale_weight': scalar(scale) }), to);
      expect([...float32(await wide.read('a.weight'), to)]).toEqual([below + step]);
    }
  });
});
