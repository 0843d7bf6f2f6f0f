import { expect, test } from 'vitest';
import { latentMeter } from '../../src/measures/latentMeter.js';

const PATCH = { height: 2, width: 2 };

/** Latents [1, 2, 4], two tokens of four values, that are `value` in one token and 0 in the other. */
const frame = (value: number) => Float32Array.of(value, value, 0, 0, value, value, 0, 0);

test('distances of block summaries are those worked out by hand', () => {
  const meter = latentMeter({ shape: [1, 2, 4], framesPerBlock: 2, patch: PATCH });
  // Blocks of two frames, means 1, 3, 6: a token of four values moves by 2 |a - b|, and the other one stands still.
  for (const value of [0, 2, 3, 3, 5, 7, 100]) meter.add(frame(value));
  const { blocks, frames, times, measures } = meter.finish();
  expect([blocks, frames]).toEqual([3, 7]);
  expect(times).toEqual([5 / 16, 13 / 16, 21 / 16]); // 1 + 4 frames, then 8 a block
  expect(measures.latentDrift.values).toEqual([null, 2, 5]);
  expect(measures.latentStep.values).toEqual([null, 2, 3]);
  expect(measures.latentDrift.at).toEqual({ 1: expect.closeTo((8 * 2 + 3 * 5) / 11, 6) }); // by frames of the second
  expect(measures.latentDrift.last).toBe(5);
});

test('what it cannot measure it refuses', () => {
  expect(() => latentMeter({ shape: [1, 3, 4], framesPerBlock: 2, patch: PATCH })).toThrow(/do not split.*`patch`/);
  const meter = latentMeter({ shape: [1, 2, 4], framesPerBlock: 2, patch: PATCH });
  expect(() => meter.add(new Float32Array(7))).toThrow('expected [1, 2, 4], 8 values, found 7');
  meter.add(frame(1));
  expect(() => meter.finish()).toThrow(/between blocks, and 1 latent frames, 2 a block, make 0/);
});
