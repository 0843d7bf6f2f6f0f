import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatherRows, updateRows } from '../../src/kernels/rows/rows.js';
import type { Device } from '../../src/tensor/device.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, randomTensor, run, seeds, sizes } from '../support/twins.js';

const indices = (on: Device, rows: readonly number[]) => on.upload(Uint32Array.from(rows), [rows.length]);

/** Distinct rows of a table of `capacity` rows, in any order. */
const picks = sizes(80).chain((capacity) =>
  fc.record({
    capacity: fc.constant(capacity),
    rows: fc.shuffledSubarray([...Array(capacity).keys()], { minLength: 1 }),
    width: sizes(70),
    seed: seeds,
  }),
);

describe('gatherRows', () => {
  test('agrees with its twin to the bit, rows repeated or not', async () => {
    await fc.assert(
      fc.asyncProperty(picks, ({ capacity, rows, width, seed }) =>
        expectTwin((on) => gatherRows(randomTensor(on, seed, [capacity, width]), indices(on, [...rows, rows[0]])), 0),
      ),
    );
  });

  test('of all rows is the identity', async () => {
    await fc.assert(
      fc.asyncProperty(picks, async ({ capacity, width, seed }) => {
        const all = [...Array(capacity).keys()];
        const gathered = await run((on) => gatherRows(randomTensor(on, seed, [capacity, width]), indices(on, all)));
        expect(gathered).toEqual(await run((on) => randomTensor(on, seed, [capacity, width])));
      }),
    );
  });

  test('picks rows by index', async () => {
    await expectValues(
      (on) => gatherRows(on.upload(Float32Array.of(0, 1, 10, 11, 20, 21), [3, 2]), indices(on, [2, 0, 2])),
      [20, 21, 0, 1, 20, 21],
      0,
    );
  });
});

describe('updateRows', () => {
  test('agrees with its twin to the bit, and leaves the other rows alone', async () => {
    await fc.assert(
      fc.asyncProperty(picks, fc.nat(5), ({ capacity, rows, width, seed }, firstRow) =>
        expectTwin((on) => {
          const cache = randomTensor(on, seed, [capacity, width]);
          updateRows(cache, indices(on, rows), randomTensor(on, seed + 1, [firstRow + rows.length, width]), firstRow);
          return cache;
        }, 0),
      ),
    );
  });

  test('is undone by gatherRows', async () => {
    await fc.assert(
      fc.asyncProperty(picks, async ({ capacity, rows, width, seed }) => {
        const written = (on: Device) => randomTensor(on, seed, [rows.length, width]);
        const back = await run((on) => {
          const cache = on.zeros([capacity, width]);
          updateRows(cache, indices(on, rows), written(on));
          return gatherRows(cache, indices(on, rows));
        });
        expect(back).toEqual(await run(written));
      }),
    );
  });

  test('writes from the given row on', async () => {
    await expectValues(
      (on) => {
        const cache = on.zeros([4, 1]);
        updateRows(cache, indices(on, [3, 1]), on.upload(Float32Array.of(5, 6, 7), [3, 1]), 1);
        return cache;
      },
      [0, 7, 0, 6],
      0,
    );
  });

  test('refuses more rows than there are', () => {
    device.scope(() => {
      const cache = device.zeros([4, 2]);
      expect(() => updateRows(cache, indices(device, [0, 1]), device.zeros([2, 2]), 1)).toThrow(
        'updateRows: x has 2 rows, 3 are needed',
      );
    });
  });
});

describe('device.updateRows', () => {
  test('copies consecutive rows', async () => {
    await fc.assert(
      fc.asyncProperty(picks, fc.nat(80), fc.nat(80), async ({ capacity, rows, width, seed }, from, to) => {
        const count = Math.min(rows.length, capacity - (from % capacity), capacity - (to % capacity));
        await expectTwin((on) => {
          const copy = randomTensor(on, seed + 1, [capacity, width]);
          on.updateRows(copy, to % capacity, randomTensor(on, seed, [capacity, width]), from % capacity, count);
          return copy;
        }, 0);
      }),
    );
  });
});
