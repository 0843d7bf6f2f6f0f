import type { FoundShape } from './findShape.js';
import type { ToyPrompt } from './toyPrompt.js';
import { type Point, TOY_AREAS, TOY_RADIUS, TOY_SAG, TOY_SHAPES } from './toyWorld.js';

/** Farthest that a form goes from its centre, in radii. */
const REACH = 1.5;

/** What is drawn about a centre and what was found: the pixels of both over those of either, 0 ... 1 (intersection over union). */
export function overlapAt(
  { mask, area }: FoundShape,
  shape: ToyPrompt['shape'],
  centre: Point,
  width: number,
  height: number,
): number {
  const radius = TOY_RADIUS * Math.min(width, height);
  const isIn = TOY_SHAPES[shape];
  let [drawn, both] = [0, 0];
  for (let y = Math.ceil(centre.y - REACH * radius); y <= centre.y + REACH * radius; y++) {
    for (let x = Math.ceil(centre.x - REACH * radius); x <= centre.x + REACH * radius; x++) {
      if (!isIn((x - centre.x) / radius, (y - centre.y) / radius)) continue;
      drawn++;
      if (x >= 0 && y >= 0 && x < width && y < height) both += mask[y * width + x];
    }
  }
  return both / (drawn + area - both);
}

/** Where the centre of a form lies whose centre of mass was found. */
export function centreOf(middle: Point, shape: ToyPrompt['shape'], width: number, height: number): Point {
  return { x: middle.x, y: middle.y - TOY_SAG[shape] * TOY_RADIUS * Math.min(width, height) };
}

/** How well each form fits what was found, wherever that is. */
export function formOverlaps(found: FoundShape, width: number, height: number): Record<ToyPrompt['shape'], number> {
  const at = (shape: ToyPrompt['shape']) =>
    overlapAt(found, shape, centreOf(found.middle, shape, width, height), width, height);
  return { circle: at('circle'), square: at('square'), triangle: at('triangle'), ring: at('ring') };
}

/** Area of a form in pixels. */
export const areaOf = (shape: ToyPrompt['shape'], width: number, height: number): number =>
  TOY_AREAS[shape] * (TOY_RADIUS * Math.min(width, height)) ** 2;
