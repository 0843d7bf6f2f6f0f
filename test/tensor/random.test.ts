import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TorchGenerator } from '../../src/tensor/random.js';
import { expectAllClose } from '../support/allclose.js';
import { RANDN_TOLERANCE } from '../support/tolerance.js';

const seeds = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('TorchGenerator', () => {
  // Values of torch 1.13 on a CPU; the whole draws are in the parity case `torch-randn`.
  test.each([
    [
      '0',
      [
        { count: 1, values: [1.5409961] },
        { count: 5, values: [-0.2934289, -2.1787894, 0.56843126, -1.0845224, -1.3985955] },
        { count: 15, from: 12, values: [-0.89199531, -1.5091077, 0.37039354] },
        { count: 16, from: 13, values: [0.7440207, 1.5209795, 3.4105027] },
        { count: 17, from: 14, values: [-1.8816892, -0.049727023, -1.0449786] },
      ],
    ],
    [
      '42',
      [
        { count: 16, from: 13, values: [-0.55943018, -0.76883888, 0.76244539] },
        { count: 32, from: 29, values: [2.1227851, -1.2346531, -0.48791388] },
        { count: 100, from: 97, values: [-0.33015838, -0.98080349, 0.1947336] },
        { count: 3, values: [-0.26072562, -0.5465104, 2.1174006] },
        { count: 15, from: 12, values: [-0.47575176, 2.3839445, 0.91572988] },
      ],
    ],
    [
      '18446744073709551615',
      [
        { count: 1000, from: 997, values: [0.054031685, 0.10915167, 0.66253668] },
        { count: 2, values: [0.16755994, 0.66851586] },
        { count: 2, values: [-0.16319259, -0.38423368] },
        { count: 2, values: [-0.25807053, 0.12059072] },
      ],
    ],
  ])('draws what torch.manual_seed(%s) and torch.randn do', (seed, draws) => {
    const generator = new TorchGenerator(seed);
    for (const { count, from = 0, values } of draws) {
      const drawn = generator.randn(count).subarray(from, from + values.length);
      expectAllClose(drawn, values, RANDN_TOLERANCE, `randn(${count})`);
    }
  });

  test('makes one large draw out of blocks of multiples of 16', () => {
    const blocks = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(seeds, blocks, (seed, groups) => {
        const generator = new TorchGenerator(seed);
        const parts = groups.flatMap((group) => [...generator.randn(16 * group)]);
        expect(parts).toEqual([...new TorchGenerator(seed).randn(parts.length)]);
      }),
    );
  });

  test('skips numbers as if they had been drawn', () => {
    fc.assert(
      fc.property(seeds, fc.nat(60), fc.nat(40), (seed, groups, next) => {
        const [skipping, drawing] = [new TorchGenerator(seed), new TorchGenerator(seed)];
        // A small draw first, so that there is a kept value to carry over.
        expect(skipping.randn(3)).toEqual(drawing.randn(3));
        skipping.skipNormals(16 * groups);
        for (let group = 0; group < groups; group++) drawing.randn(16);
        expect(skipping.randn(next)).toEqual(drawing.randn(next));
      }),
    );
  });

  test('keeps the second half of a pair past large draws, and a clone keeps it too', () => {
    const generator = new TorchGenerator(5);
    const [, second] = new TorchGenerator(5).randn(2);
    generator.randn(1);
    generator.randn(64);
    expect(generator.clone().randn(1)[0]).toBe(second);
    expect(generator.randn(1)[0]).toBe(second);
  });

  test('clones draw the same numbers and do not touch each other', () => {
    fc.assert(
      fc.property(seeds, fc.nat(50), fc.nat(50), (seed, before, after) => {
        const generator = new TorchGenerator(seed);
        generator.randn(before);
        const copy = generator.clone();
        const drawn = generator.randn(after);
        expect(copy.randn(after)).toEqual(drawn);
      }),
    );
  });

  test('reads a seed as torch does: its low 32 bits, however it is written', () => {
    const draw = (seed: bigint | number | string) => [...new TorchGenerator(seed).randn(20)];
    expect(draw(7n + 2n ** 32n)).toEqual(draw(7));
    expect(draw('18446744073709551615')).toEqual(draw(2 ** 32 - 1));
    expect(draw('42')).toEqual(draw(42n));
    expect(draw(0)).not.toEqual(draw(1));
  });

  test('draws numbers that are finite, centred and of variance 1', () => {
    const values = new TorchGenerator(123).randn(100_000);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(values.every(Number.isFinite)).toBe(true);
    expect(Math.abs(mean)).toBeLessThan(0.02); // 6 standard errors
    expect(Math.abs(variance - 1)).toBeLessThan(0.03); // 6 standard errors
  });

  test('refuses seeds, counts and skips that make no sense', () => {
    expect(() => new TorchGenerator('seven')).toThrow('seed: expected a whole number, found "seven"');
    expect(() => new TorchGenerator(0.5)).toThrow('seed: expected a whole number');
    expect(() => new TorchGenerator(0).randn(-1)).toThrow('randn: expected a count of 0 or more');
    expect(() => new TorchGenerator(0).skipNormals(8)).toThrow('skipNormals: expected a multiple of 16');
  });
});
