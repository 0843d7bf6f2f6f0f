import { expect, test } from 'vitest';
import type { ToyMeasureName } from '../../src/measures/toy/toyMeasures.js';
import { parseToyPrompt, TOY_WORDS } from '../../src/measures/toy/toyPrompt.js';
import { measure } from './support/pictures.js';
import { type Drawn, drawToy, RED_CIRCLE } from './support/toyVideo.js';

const STILL = 'a red circle stands still on a navy background';

/** Mean over a video of what is drawn in each frame. */
function means(prompt: string, drawn: (frame: number) => Partial<Drawn>, frames = 96): Record<ToyMeasureName, number> {
  const { measures } = measure({ width: 64, height: 64, frames, prompt }, (frame) =>
    drawToy({ ...RED_CIRCLE, ...drawn(frame) }),
  );
  return Object.fromEntries(Object.entries(measures).map(([name, { mean }]) => [name, mean])) as never;
}

test('prompts of the toy world are read, and no others', () => {
  expect(parseToyPrompt(' An orange  ring moves in a circle on a maroon background. ')).toEqual({
    ...{ color: 'orange', shape: 'ring', motion: 'moves in a circle', background: 'maroon' },
  });
  for (const prompt of ['a cat', 'a pink circle stands still on a navy background', `${STILL}, 4k`]) {
    expect(parseToyPrompt(prompt)).toBe(undefined);
  }
  expect(measure({ prompt: 'a cat' }, () => new Uint8Array(32 * 24 * 3)).truth).toBe(null);
});

test('what is as the prompt says is right in everything, each shape and motion', () => {
  for (const shape of TOY_WORDS.shape) {
    const right = means(`a red ${shape} stands still on a navy background`, () => ({ shape }), 16);
    expect(right, shape).toMatchObject({ shapeFound: 1, rightColor: 1, rightShape: 1, rightBackground: 1 });
    expect(Math.min(right.truth, right.form), shape).toBeGreaterThan(0.93);
    expect(Math.abs(right.area - 1), shape).toBeLessThan(0.06); // corners are less than half covered
    expect(Math.max(right.centreError, right.shapeColor, right.backgroundColor), shape).toBeLessThan(0.5);
  }
  // Along a side of 64 a bounce goes 19.2 pixels from the middle in 12 frames, and a circle has a radius of 17.92.
  const swing = (frame: number) => 19.2 * (1 - 4 * Math.abs((frame % 48) / 48 - 0.5));
  const turn = (frame: number) => (frame / 48) * 2 * Math.PI;
  const motions: Record<string, (frame: number) => Partial<Drawn>> = {
    'bounces left and right': (frame) => ({ x: 31.5 + swing(frame) }),
    'bounces up and down': (frame) => ({ y: 31.5 + swing(frame) }),
    'moves in a circle': (frame) => ({
      x: 31.5 + 17.92 * Math.sin(turn(frame)),
      y: 31.5 - 17.92 * Math.cos(turn(frame)),
    }),
  };
  for (const [motion, drawn] of Object.entries(motions)) {
    const right = means(`a red circle ${motion} on a navy background`, drawn);
    expect(Math.max(right.centreError, right.pathError), motion).toBeLessThan(0.15);
    expect(right.truth, motion).toBeGreaterThan(0.95);
  }
});

test('a centre that is elsewhere is so many pixels off; one that is late is on its path', () => {
  const moved = means(STILL, () => ({ x: 34.5, y: 27.5 }), 16);
  expect(moved.centreError).toBeCloseTo(5, 1);
  expect(moved.pathError).toBeCloseTo(5, 1);
  expect(moved.form).toBeGreaterThan(0.95);
  // Two circles of radius r whose centres are d apart share 2 r^2 acos(d / 2r) - d / 2 sqrt(4 r^2 - d^2).
  const [r, d] = [10.88, 5];
  const both = 2 * r * r * Math.acos(d / (2 * r)) - (d / 2) * Math.sqrt(4 * r * r - d * d);
  expect(moved.truth).toBeCloseTo(both / (2 * Math.PI * r * r - both), 1.5);
  const swing = (frame: number) => 19.2 * (1 - 4 * Math.abs((frame % 48) / 48 - 0.5));
  const late = means('a red circle bounces left and right on a navy background', (frame) => ({
    x: 31.5 + swing(frame + 45), // three frames behind, 1.6 pixels each, but where it turns
  }));
  expect(late.pathError).toBeLessThan(0.15);
  expect(late.centreError).toBeGreaterThan(4.2);
  expect(late.centreError).toBeLessThan(4.8);
});

test('size, form, colours and background that are not right are told apart', () => {
  expect(means(STILL, () => ({ radius: 0.8 * 10.88 }), 16).area).toBeCloseTo(0.64, 1.5);
  expect(means(STILL, () => ({ shape: 'square' }), 16)).toMatchObject({ rightShape: 0, rightColor: 1, shapeFound: 1 });
  expect(means(STILL, () => ({ color: [48, 201, 70] }), 16)).toMatchObject({ rightColor: 0, rightShape: 1 });
  expect(means(STILL, () => ({ background: [74, 17, 25] }), 16)).toMatchObject({ rightBackground: 0, rightColor: 1 });
  // Halfway through the video the colour is lost: half of the frames are right.
  expect(means(STILL, (frame) => (frame < 16 ? {} : { color: [240, 240, 236] }), 32).rightColor).toBe(0.5);
});

test('where nothing stands out, nothing is right but the background, and there is nothing to measure', () => {
  const { color: _, ...rest } = RED_CIRCLE;
  expect(means(STILL, () => ({ ...rest, color: [25, 31, 79] }), 16)).toMatchObject({
    ...{ truth: 0, shapeFound: 0, rightColor: 0, rightShape: 0, form: 0, area: 0 },
    ...{ shapeColor: null, centreError: null, pathError: null, rightBackground: 1 },
  });
});
