import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attention } from '../../src/kernels/attention/attention.js';
import type { Form } from '../../src/kernels/forms/form.js';
import { expectAllClose } from '../support/allclose.js';
import { forms, keysAndValues, problem } from '../support/attentionProblems.js';
import { device } from '../support/device.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

/** Of two heads of 4, which every form handles. */
const WIDTH = 8;

/** Queries over keys and values that are given as host arrays: what the properties below rearrange. */
const simple = (form: Form, keys: Float32Array, values: Float32Array, rows?: readonly number[]): Problem => {
  const [heads, width] = [2, WIDTH];
  return (on) => {
    const pair = {
      keys: on.upload(keys, [keys.length / width, width]),
      values: on.upload(values, [values.length / width, width]),
    };
    const context = rows
      ? { cached: { ...pair, rows: on.upload(Uint32Array.from(rows), [rows.length]) } }
      : { own: pair };
    return attention(randomTensor(on, 7, [5, width]), context, heads, { form });
  };
};

const rowsOf = (values: Float32Array, rows: readonly number[]) =>
  Float32Array.from(rows.flatMap((row) => [...values.subarray(row * WIDTH, (row + 1) * WIDTH)]));
const shuffled = (count: number) => fc.shuffledSubarray([...Array(count).keys()], { minLength: count });

describe.each(forms)('attention, %s', (form, problems) => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn, form))),
      { numRuns: 150 },
    );
  });

  test('agrees with its twin on heads as wide as the VAE has them', async () => {
    const drawn = {
      heads: 1,
      queries: 3,
      cacheRows: 70,
      rows: [69, 0, 3],
      ownRows: 66,
      hasBias: true,
      scale: undefined,
      cacheType: 'f16' as const,
      ownType: 'f32' as const,
    };
    for (const headDim of [200, 384]) await expectTwin(problem({ ...drawn, headDim, seed: headDim }, form));
  });

  test('follows scores that grow far past what exp can hold, chunk after chunk', async () => {
    const everyFourth = (value: (row: number) => number) =>
      Float32Array.from({ length: 800 }, (_, index) => (index % 4 === 0 ? value(index / 4) : 0));
    const keys = everyFourth((row) => 2 * row); // exp(398) overflows float32
    const values = everyFourth((row) => row / 100);
    await expectTwin((on) =>
      attention(
        on.upload(Float32Array.of(1, 0, 0, 0, -1, 0, 0, 0), [2, 4]),
        { own: { keys: on.upload(keys, [200, 4]), values: on.upload(values, [200, 4]) } },
        1,
        { scale: 1, form },
      ),
    );
  });

  test('does not depend on the order of its keys', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(130).chain(shuffled), seeds, async (order, seed) => {
        const [keys, values] = [normal(seed, order.length * WIDTH), normal(seed + 1, order.length * WIDTH)];
        const expected = await run(simple(form, keys, values));
        const reordered = await run(simple(form, rowsOf(keys, order), rowsOf(values, order)));
        expectAllClose(reordered, expected, KERNEL_TOLERANCE);
        expectAllClose(
          await run(simple(form, keys, values, order)),
          expected,
          KERNEL_TOLERANCE,
          'rows in another order',
        );
      }),
      { numRuns: 40 },
    );
  });

  test('is not touched by cache rows that are not listed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...Array(90).keys()], { minLength: 1 }), seeds, async (rows, seed) => {
        const [keys, values] = [normal(seed, 90 * WIDTH), normal(seed + 1, 90 * WIDTH)];
        const poisoned = (source: Float32Array) =>
          source.map((value, index) => (rows.includes(Math.floor(index / WIDTH)) ? value : Number.NaN));
        const expected = await run(simple(form, keys, values, rows));
        expect(await run(simple(form, poisoned(keys), poisoned(values), rows))).toEqual(expected);
        expect(await run(simple(form, rowsOf(keys, rows), rowsOf(values, rows)))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('gives the same whether keys come from the cache, from the call or partly from each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 150 }), fc.nat(), seeds, async (count, at, seed) => {
        const split = 1 + (at % (count - 1));
        const [keys, values] = [normal(seed, count * WIDTH), normal(seed + 1, count * WIDTH)];
        const expected = await run(simple(form, keys, values));
        expect(await run(simple(form, keys, values, [...Array(count).keys()]))).toEqual(expected);
        const both: Problem = (on) => {
          const part = (source: Float32Array, rows: number) => on.upload(source, [rows, WIDTH]);
          const head = { keys: part(keys, count), values: part(values, count) };
          const tail = {
            keys: part(keys.slice(split * WIDTH), count - split),
            values: part(values.slice(split * WIDTH), count - split),
          };
          const rows = on.upload(Uint32Array.from(Array(split).keys()), [split]);
          return attention(randomTensor(on, 7, [5, WIDTH]), { cached: { ...head, rows }, own: tail }, 2, { form });
        };
        // The subgroup form pads each part to whole vectors, which moves keys between lanes and so reorders their sum.
        if (form !== 'subgroup') expect(await run(both)).toEqual(expected);
        else expectAllClose(await run(both), expected, KERNEL_TOLERANCE);
      }),
      { numRuns: 40 },
    );
  });

  test('reads packed 16-bit keys and values exactly: the result is that of the same values in f32', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (drawn) => {
        fc.pre(drawn.cacheType !== 'i8');
        expect(await run(problem(drawn, form))).toEqual(await run(problem(drawn, form, true)));
      }),
      { numRuns: 40 },
    );
  });

  test('returns the value itself where there is one key', async () => {
    const one: Problem = (on) =>
      attention(randomTensor(on, 1, [9, WIDTH]), { own: keysAndValues(on, 2, 1, WIDTH) }, 2, { form });
    await expectTwin(one, 0);
  });
});

describe('attention', () => {
  test('weighs values by the softmax of scaled scores', async () => {
    // Scores 0 and ln 3 after scaling by 1 / sqrt(3): weights 1/4 and 3/4.
    const pinned: Problem = (on) =>
      attention(
        on.upload(Float32Array.of(Math.sqrt(3), 0, 0), [1, 3]),
        {
          own: {
            keys: on.upload(Float32Array.of(0, 5, 5, Math.log(3), 5, 5), [2, 3]),
            values: on.upload(Float32Array.of(4, 0, 8, 8, 4, 0), [2, 3]),
          },
        },
        1,
      );
    await expectValues(pinned, [7, 3, 2]);
  });

  test('adds the bias of key row minus query row', async () => {
    // All scores 0; the bias of distance +1 is ln 3, so query 0 prefers key 1 and query 1 has no preference.
    const pinned: Problem = (on) =>
      attention(
        on.zeros([2, 1]),
        { own: { keys: on.zeros([2, 1]), values: on.upload(Float32Array.of(0, 4), [2, 1]) } },
        1,
        { bias: on.upload(Float32Array.of(0, 0, Math.log(3)), [3, 1]) },
      );
    await expectValues(pinned, [3, 2]);
  });

  test('refuses what does not fit', () => {
    device.scope(() => {
      const x = device.zeros([2, 6]);
      expect(() => attention(x, {}, 2)).toThrow('there is no key to attend to');
      expect(() => attention(x, { own: { keys: x, values: x } }, 4)).toThrow('6 columns do not split into 4 heads');
      const wide = device.zeros([2, 8]);
      expect(() => attention(x, { own: { keys: wide, values: wide } }, 2)).toThrow('attention: keys: expected');
      const half = device.zeros([2, 6], 'f16');
      expect(() => attention(x, { own: { keys: x, values: half } }, 2)).toThrow('keys and values of one type');
      const indices = device.zeros([2, 6], 'u32');
      expect(() => attention(x, { own: { keys: indices, values: indices } }, 2)).toThrow('must be f32, bf16 or f16');
      const deep = device.zeros([2, 386]);
      const context = { own: { keys: deep, values: deep } };
      expect(() => attention(deep, context, 1, { form: 'plain' })).toThrow('heads of up to 384');
    });
  });
});
