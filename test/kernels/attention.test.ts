import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AttentionContext, attention } from '../../src/kernels/attention.js';
import type { Device } from '../../src/tensor/device.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { KERNEL_TOLERANCE } from '../support/tolerance.js';
import { expectTwin, expectValues, normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

interface Drawn {
  readonly heads: number;
  readonly headDim: number;
  readonly queries: number;
  /** Rows of the cache, and which of them are read, in order. */
  readonly cacheRows: number;
  readonly rows: readonly number[];
  readonly ownRows: number;
  readonly hasBias: boolean;
  readonly scale: number | undefined;
  readonly seed: number;
}

/** Cache only, own keys only, or both; up to 300 keys, so that several chunks of 64 are met. */
const problems: fc.Arbitrary<Drawn> = fc
  .record({
    heads: sizes(3),
    // Each width compiles anew, which takes seconds on lavapipe: one, odd and Wan's own.
    headDim: fc.constantFrom(1, 3, 128),
    queries: sizes(20),
    cacheRows: sizes(150),
    rows: fc.array(fc.nat(149), { maxLength: 150, size: 'max' }),
    ownRows: fc.nat(150),
    hasBias: fc.boolean(),
    scale: fc.constantFrom(undefined, 1, 0.3),
    seed: seeds,
  })
  .filter(({ rows, ownRows }) => rows.length + ownRows > 0)
  .map((drawn) => ({ ...drawn, rows: drawn.rows.map((row) => row % drawn.cacheRows) }));

const keysAndValues = (on: Device, seed: number, rows: number, width: number) => ({
  keys: randomTensor(on, seed, [rows, width]),
  values: randomTensor(on, seed + 1, [rows, width]),
});

function contextOf(on: Device, { seed, rows, cacheRows, ownRows, heads, headDim }: Drawn): AttentionContext {
  const width = heads * headDim;
  return {
    cached:
      rows.length > 0
        ? { ...keysAndValues(on, seed + 10, cacheRows, width), rows: on.upload(Uint32Array.from(rows), [rows.length]) }
        : undefined,
    own: ownRows > 0 ? keysAndValues(on, seed + 20, ownRows, width) : undefined,
  };
}

const problem =
  (drawn: Drawn): Problem =>
  (on) => {
    const { seed, heads, headDim, queries, cacheRows, ownRows, hasBias } = drawn;
    // Scores of about 1 whatever the width and the scale.
    const query = randomTensor(on, seed, [queries, heads * headDim], drawn.scale === undefined ? 1 : headDim ** -0.5);
    const span = Math.max(queries, cacheRows, ownRows);
    const bias = hasBias ? randomTensor(on, seed + 30, [2 * span - 1, heads]) : undefined;
    return attention(query, contextOf(on, drawn), heads, { bias, scale: drawn.scale });
  };

/** Queries over keys and values that are given as host arrays: what the properties below rearrange. */
const simple = (keys: Float32Array, values: Float32Array, rows?: readonly number[]): Problem => {
  const [heads, width] = [2, 6];
  return (on) => {
    const pair = {
      keys: on.upload(keys, [keys.length / width, width]),
      values: on.upload(values, [values.length / width, width]),
    };
    const context = rows
      ? { cached: { ...pair, rows: on.upload(Uint32Array.from(rows), [rows.length]) } }
      : { own: pair };
    return attention(randomTensor(on, 7, [5, width]), context, heads);
  };
};

const WIDTH = 6;
const rowsOf = (values: Float32Array, rows: readonly number[]) =>
  Float32Array.from(rows.flatMap((row) => [...values.subarray(row * WIDTH, (row + 1) * WIDTH)]));
const shuffled = (count: number) => fc.shuffledSubarray([...Array(count).keys()], { minLength: count });

describe('attention', () => {
  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, (drawn) => expectTwin(problem(drawn))),
      { numRuns: 150 },
    );
  });

  test('agrees with its twin on heads as wide as the VAE has them, and refuses wider ones', async () => {
    const drawn = {
      heads: 1,
      queries: 3,
      cacheRows: 70,
      rows: [69, 0, 3],
      ownRows: 66,
      hasBias: true,
      scale: undefined,
    };
    for (const headDim of [200, 384]) await expectTwin(problem({ ...drawn, headDim, seed: headDim }));
    await expect(expectTwin(problem({ ...drawn, headDim: 386, seed: 1 }))).rejects.toThrow('heads of up to 384');
  });

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

  test('follows scores that grow far past what exp can hold, chunk after chunk', async () => {
    const keys = Float32Array.from({ length: 200 }, (_, row) => 2 * row); // exp(398) overflows float32
    const values = Float32Array.from({ length: 200 }, (_, row) => row / 100);
    await expectTwin((on) =>
      attention(
        on.upload(Float32Array.of(1, -1), [2, 1]),
        { own: { keys: on.upload(keys, [200, 1]), values: on.upload(values, [200, 1]) } },
        1,
        { scale: 1 },
      ),
    );
  });

  test('does not depend on the order of its keys', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(130).chain(shuffled), seeds, async (order, seed) => {
        const [keys, values] = [normal(seed, order.length * WIDTH), normal(seed + 1, order.length * WIDTH)];
        const expected = await run(simple(keys, values));
        const reordered = await run(simple(rowsOf(keys, order), rowsOf(values, order)));
        expectAllClose(reordered, expected, KERNEL_TOLERANCE);
        expectAllClose(await run(simple(keys, values, order)), expected, KERNEL_TOLERANCE, 'rows in another order');
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
        const expected = await run(simple(keys, values, rows));
        expect(await run(simple(poisoned(keys), poisoned(values), rows))).toEqual(expected);
        expect(await run(simple(rowsOf(keys, rows), rowsOf(values, rows)))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('gives the same bits whether keys come from the cache, from the call or partly from each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 150 }), fc.nat(), seeds, async (count, at, seed) => {
        const split = 1 + (at % (count - 1));
        const [keys, values] = [normal(seed, count * WIDTH), normal(seed + 1, count * WIDTH)];
        const expected = await run(simple(keys, values));
        expect(await run(simple(keys, values, [...Array(count).keys()]))).toEqual(expected);
        const both: Problem = (on) => {
          const part = (source: Float32Array, rows: number) => on.upload(source, [rows, WIDTH]);
          const head = { keys: part(keys, count), values: part(values, count) };
          const tail = {
            keys: part(keys.slice(split * WIDTH), count - split),
            values: part(values.slice(split * WIDTH), count - split),
          };
          const rows = on.upload(Uint32Array.from(Array(split).keys()), [split]);
          return attention(randomTensor(on, 7, [5, WIDTH]), { cached: { ...head, rows }, own: tail }, 2);
        };
        expect(await run(both)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('returns the value itself where there is one key', async () => {
    await expectTwin((on) => attention(randomTensor(on, 1, [9, 6]), { own: keysAndValues(on, 2, 1, 6) }, 2), 0);
  });

  test('refuses what does not fit', () => {
    device.scope(() => {
      const x = device.zeros([2, 6]);
      expect(() => attention(x, {}, 2)).toThrow('there is no key to attend to');
      expect(() => attention(x, { own: { keys: x, values: x } }, 4)).toThrow('6 columns do not split into 4 heads');
      const wide = device.zeros([2, 8]);
      expect(() => attention(x, { own: { keys: wide, values: wide } }, 2)).toThrow('attention: keys: expected');
    });
  });
});
