import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatedResidual, modulation } from '../../src/kernels/modulation/modulation.js';
import { device } from '../support/device.js';
import { expectTwin, expectValues, randomTensor, run, seeds, sizes } from '../support/twins.js';

describe('modulation', () => {
  test('agrees with its twin, for any number of tables that share the chunks of an embedding', async () => {
    await fc.assert(
      fc.asyncProperty(sizes(5), sizes(6), sizes(4), sizes(100), seeds, (frames, chunks, tables, width, seed) =>
        expectTwin((on) =>
          modulation(
            randomTensor(on, seed, [tables * chunks, width]),
            randomTensor(on, seed + 1, [frames, chunks, width]),
          ),
        ),
      ),
    );
  });

  test('adds the embedding of each frame to the table', async () => {
    const table = Float32Array.of(1, 2, 3, 4); // 2 chunks of width 2
    await expectValues(
      (on) => modulation(on.upload(table, [2, 2]), on.upload(Float32Array.of(10, 20, 30, 40), [1, 2, 2])),
      [11, 22, 33, 44],
      0,
    );
    await expectValues(
      (on) => modulation(on.upload(table, [2, 2]), on.upload(Float32Array.of(10, 20, 50, 60), [2, 1, 2])),
      [11, 22, 13, 24, 51, 62, 53, 64],
      0,
    );
    await expectValues(
      // Two tables of two chunks of width 1, one frame.
      (on) => modulation(on.upload(table, [4, 1]), on.upload(Float32Array.of(10, 20), [1, 2, 1])),
      [11, 22, 13, 24],
      0,
    );
  });

  test('refuses an embedding of another number of chunks', () => {
    device.scope(() => {
      expect(() => modulation(device.zeros([6, 4]), device.zeros([3, 4, 4]))).toThrow(
        'modulation: embedding: expected shape [?, 6, 4], found [3, 4, 4]',
      );
    });
  });
});

describe('gatedResidual', () => {
  const problems = fc.record({
    frames: sizes(5),
    tokens: sizes(6),
    width: sizes(100),
    chunks: sizes(6),
    gate: fc.nat(5),
    seed: seeds,
  });

  test('agrees with its twin', async () => {
    await fc.assert(
      fc.asyncProperty(problems, ({ frames, tokens, width, chunks, gate, seed }) =>
        expectTwin((on) =>
          gatedResidual(
            randomTensor(on, seed, [frames * tokens, width]),
            randomTensor(on, seed + 1, [frames * tokens, width]),
            randomTensor(on, seed + 2, [frames, chunks, width]),
            gate % chunks,
          ),
        ),
      ),
    );
  });

  test('adds the branch times the gate of the frame', async () => {
    await expectValues(
      (on) =>
        gatedResidual(
          on.upload(Float32Array.of(1, 2, 3), [3, 1]),
          on.upload(Float32Array.of(10, 10, 10), [3, 1]),
          // 3 frames of 2 chunks; the gate is chunk 1
          on.upload(Float32Array.of(9, 0, 9, 1, 9, -2), [3, 2, 1]),
          1,
        ),
      [1, 12, -17],
      0,
    );
  });

  test('with a closed gate is the identity', async () => {
    const closed = await run((on) =>
      gatedResidual(randomTensor(on, 1, [6, 5]), randomTensor(on, 2, [6, 5]), on.zeros([2, 3, 5]), 2),
    );
    expect(closed).toEqual(await run((on) => randomTensor(on, 1, [6, 5])));
  });

  test('refuses rows that do not divide into frames', () => {
    device.scope(() => {
      const x = device.zeros([5, 4]);
      expect(() => gatedResidual(x, x, device.zeros([2, 6, 4]), 0)).toThrow('gatedResidual: rows by frame');
    });
  });
});
