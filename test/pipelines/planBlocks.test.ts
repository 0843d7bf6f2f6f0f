import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planBlocks } from '../../src/pipelines/planBlocks.js';

const plans = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  generated: fc.integer({ min: 1, max: 12 }),
  givenBlocks: fc.integer({ min: 0, max: 4 }),
  firstAlone: fc.boolean(),
});

test('blocks follow each other without a gap, given ones first', () => {
  fc.assert(
    fc.property(plans, ({ size, generated, givenBlocks, firstAlone }) => {
      const given = givenBlocks * size + (firstAlone && givenBlocks > 0 ? 1 : 0);
      const frames = generated * size + (firstAlone && given === 0 ? 1 : 0);
      const plan = planBlocks(frames, size, given, firstAlone);

      let next = 0;
      for (const { firstFrame, frames: count } of plan) {
        expect(firstFrame).toBe(next);
        expect(count).toBe(firstAlone && firstFrame === 0 ? 1 : size);
        next += count;
      }
      expect(next).toBe(given + frames);
      for (const { block, firstFrame } of plan) expect(block < 0).toBe(firstFrame < given);
      const numbers = plan.map(({ block }) => block).filter((block) => block >= 0);
      expect(numbers).toEqual(numbers.map((_, index) => index));
    }),
  );
});

test('frames that do not split are refused, with the nearest that do', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 2, max: 6 }),
      fc.boolean(),
      (frames, size, alone) => {
        const rest = alone ? frames - 1 : frames;
        fc.pre(rest % size !== 0);
        let message = '';
        try {
          planBlocks(frames, size, 0, alone);
        } catch (error) {
          message = (error as Error).message;
        }
        const [, first, second] = /^\d+ latent frames to generate do not split .*: use (\d+) or (\d+)$/.exec(message)!;
        expect(planBlocks(Number(first), size, 0, alone).length).toBeGreaterThan(0);
        expect(planBlocks(Number(second), size, 0, alone).length).toBeGreaterThan(0);
      },
    ),
  );
});

describe('the official cases', () => {
  test.each([
    { name: 'text to video', call: [9, 3, 0, false], sizes: [3, 3, 3], blocks: [0, 1, 2] },
    { name: 'a first frame of its own', call: [7, 3, 0, true], sizes: [1, 3, 3], blocks: [0, 1, 2] },
    { name: 'image to video', call: [6, 3, 1, true], sizes: [1, 3, 3], blocks: [-1, 0, 1] },
    { name: 'extending a video', call: [6, 3, 3, false], sizes: [3, 3, 3], blocks: [-1, 0, 1] },
  ] as { name: string; call: Parameters<typeof planBlocks>; sizes: number[]; blocks: number[] }[])('$name', (entry) => {
    const { call, sizes, blocks } = entry;
    const plan = planBlocks(...call);
    expect(plan.map(({ frames }) => frames)).toEqual(sizes);
    expect(plan.map(({ block }) => block)).toEqual(blocks);
  });
});

describe('messages', () => {
  test.each([
    { call: [8, 3], message: '8 latent frames to generate do not split into blocks of 3: use 6 or 9' },
    { call: [1, 3], message: '1 latent frames to generate do not split into blocks of 3: use 3 or 6' },
    {
      call: [9, 3, 0, true],
      message: '9 latent frames to generate do not split into blocks of 3 after a first frame of its own: use 7 or 10',
    },
    { call: [9, 3, 4], message: '4 latent frames to begin with do not split into blocks of 3: use 3 or 6' },
    { call: [0, 3], message: 'there is no latent frame to generate' },
    { call: [-3, 3], message: '-3 latent frames to generate do not split into blocks of 3: use 3 or 6' },
    { call: [4.5, 1.5], message: '4.5 latent frames to generate do not split' },
  ] as { call: Parameters<typeof planBlocks>; message: string }[])('$message', ({ call, message }) => {
    expect(() => planBlocks(...call)).toThrow(message);
  });
});
