import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { latentFramesFor, nextBlockStart, planBlocks } from '../../../src/pipelines/plan/grid.js';

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
      const blocks = [...plan.given, ...plan.generated];

      let next = 0;
      for (const { firstFrame, frames: count } of blocks) {
        expect(firstFrame).toBe(next);
        expect(count).toBe(firstAlone && firstFrame === 0 ? 1 : size);
        next += count;
      }
      expect(next).toBe(given + frames);
      for (const { block, firstFrame } of blocks) expect(block < 0).toBe(firstFrame < given);
      const numbers = blocks.map(({ block }) => block).filter((block) => block >= 0);
      expect(numbers).toEqual(numbers.map((_, index) => index));
      expect(plan.generated.count).toBe(numbers.length);
      expect(plan.given.count).toBe(blocks.length - numbers.length);
      for (const { block } of plan.given) expect(block).toBe(-1);
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
        expect(planBlocks(Number(first), size, 0, alone).generated.count).toBeGreaterThan(0);
        expect(planBlocks(Number(second), size, 0, alone).generated.count).toBeGreaterThan(0);
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
    const { given, generated } = planBlocks(...call);
    const all = [...given, ...generated];
    expect(all.map(({ frames }) => frames)).toEqual(sizes);
    expect(all.map(({ block }) => block)).toEqual(blocks);
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

test('a plan of a million blocks is at hand at once, and can be walked more than once', () => {
  const { generated } = planBlocks(3_000_000, 3);
  expect(generated.count).toBe(1_000_000);
  for (let round = 0; round < 2; round++) {
    for (const { block, firstFrame } of generated) {
      expect(firstFrame).toBe(3 * block);
      if (block === 2) break;
    }
  }
});

describe('latentFramesFor', () => {
  test.each([
    { pixels: 1, alone: false, latents: 3, made: 9 },
    { pixels: 9, alone: false, latents: 3, made: 9 },
    { pixels: 10, alone: false, latents: 6, made: 21 },
    { pixels: 13, alone: false, latents: 6, made: 21 },
    { pixels: 81, alone: false, latents: 21, made: 81 },
    { pixels: 1, alone: true, latents: 1, made: 1 },
    { pixels: 2, alone: true, latents: 4, made: 13 },
    { pixels: 81, alone: true, latents: 22, made: 85 },
  ])('$pixels frames, first alone $alone: $latents latent frames', ({ pixels, alone, latents, made }) => {
    expect(latentFramesFor(pixels, 4, 3, alone)).toEqual({
      frames: latents,
      pixelFrames: made,
      dropped: made - pixels,
    });
  });

  test('any number of frames is covered by whole blocks, and by no block too many', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        (pixels, temporal, size, alone) => {
          const { frames, pixelFrames, dropped } = latentFramesFor(pixels, temporal, size, alone);
          const blocks = [...planBlocks(frames, size, 0, alone).generated];
          expect(pixelFrames).toBe(1 + (frames - 1) * temporal);
          expect(pixelFrames - dropped).toBe(pixels);
          expect(dropped).toBeGreaterThanOrEqual(0);
          const withoutLast = frames - blocks.at(-1)!.frames;
          if (withoutLast > 0) expect(1 + (withoutLast - 1) * temporal).toBeLessThan(pixels);
        },
      ),
    );
  });

  test.each([0, -4, 2.5, Number.NaN])('%s frames are refused', (pixels) => {
    expect(() => latentFramesFor(pixels, 4, 3)).toThrow(`a whole number of frames, 1 or more, found ${pixels}`);
  });
});

test('nextBlockStart is the first planned start, or the end', () => {
  for (const alone of [false, true]) {
    const starts = [...planBlocks(alone ? 13 : 12, 3, 0, alone).generated].map(({ firstFrame }) => firstFrame);
    for (let frame = 0; frame <= starts.at(-1)!; frame++) {
      expect(nextBlockStart(frame, 3, alone)).toBe(starts.find((start) => start >= frame));
    }
  }
});
