import type { ToyPrompt } from './toyPrompt.js';

// What the toy world's videos are to look like. The model's files do not say so: colours, sizes and motions were read off its
// own videos; scripts/check-toy-world.mjs shows how well they fit.

type Rgb = readonly [red: number, green: number, blue: number];

export const TOY_COLORS: Readonly<Record<ToyPrompt['color'], Rgb>> = {
  red: [232, 35, 42],
  green: [48, 201, 70],
  blue: [57, 129, 239],
  yellow: [241, 213, 43],
  white: [240, 240, 236],
  purple: [171, 69, 212],
  orange: [244, 169, 33],
  cyan: [60, 221, 219],
};

export const TOY_BACKGROUNDS: Readonly<Record<ToyPrompt['background'], Rgb>> = {
  black: [11, 11, 14],
  gray: [95, 96, 98],
  navy: [15, 21, 69],
  maroon: [74, 17, 25],
};

/** Radius of the circle and the ring, as a share of the picture's shorter side; other shapes are in units of it. */
export const TOY_RADIUS = 0.17;
/** Frames after which every motion begins again. */
export const TOY_PERIOD = 48;

const RING_HOLE = 0.46;
const SQUARE = 0.9;
const TRIANGLE = { top: -1.1, bottom: 0.78, half: 1.06 };
/** How far a bounce goes from the middle, of the side that it goes along; the radius of a circular motion. */
const BOUNCE = 0.3;
const ORBIT = 0.28;

/** A form about its own centre: whether a point is in it, in radii, x to the right and y downwards. */
export const TOY_SHAPES: Readonly<Record<ToyPrompt['shape'], (x: number, y: number) => boolean>> = {
  circle: (x, y) => x * x + y * y <= 1,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= SQUARE,
  triangle: (x, y) => {
    const { top, bottom, half } = TRIANGLE;
    return y <= bottom && Math.abs(x) <= (half * (y - top)) / (bottom - top);
  },
  ring: (x, y) => x * x + y * y <= 1 && x * x + y * y >= RING_HOLE ** 2,
};

/** Area of each form, in squared radii, and how far below its centre its centre of mass lies. */
export const TOY_AREAS: Readonly<Record<ToyPrompt['shape'], number>> = {
  circle: Math.PI,
  square: 4 * SQUARE ** 2,
  triangle: TRIANGLE.half * (TRIANGLE.bottom - TRIANGLE.top),
  ring: Math.PI * (1 - RING_HOLE ** 2),
};
export const TOY_SAG: Readonly<Record<ToyPrompt['shape'], number>> = {
  ...{ circle: 0, square: 0, ring: 0 },
  triangle: TRIANGLE.top + (2 / 3) * (TRIANGLE.bottom - TRIANGLE.top),
};

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where the centre is in a frame, in pixels; pixel 0's middle is 0. Every motion begins at the left, at the top, or there. */
export function toyCentre(motion: ToyPrompt['motion'], frame: number, width: number, height: number): Point {
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  const phase = (frame % TOY_PERIOD) / TOY_PERIOD;
  const back = 1 - 4 * Math.abs(phase - 0.5); // -1, 1 in the middle of the period, -1
  const radius = ORBIT * Math.min(width, height);
  switch (motion) {
    case 'bounces left and right':
      return { x: x + BOUNCE * width * back, y };
    case 'bounces up and down':
      return { x, y: y + BOUNCE * height * back };
    case 'moves in a circle':
      return { x: x + radius * Math.sin(2 * Math.PI * phase), y: y - radius * Math.cos(2 * Math.PI * phase) };
    case 'stands still':
      return { x, y };
  }
}

/** How far a point is from the path of a motion, whenever the centre is there; pixels. */
export function distanceToPath(motion: ToyPrompt['motion'], point: Point, width: number, height: number): number {
  const [x, y] = [point.x - (width - 1) / 2, point.y - (height - 1) / 2];
  const past = (value: number, reach: number) => Math.max(0, Math.abs(value) - reach);
  switch (motion) {
    case 'bounces left and right':
      return Math.hypot(past(x, BOUNCE * width), y);
    case 'bounces up and down':
      return Math.hypot(x, past(y, BOUNCE * height));
    case 'moves in a circle':
      return Math.abs(Math.hypot(x, y) - ORBIT * Math.min(width, height));
    case 'stands still':
      return Math.hypot(x, y);
  }
}
