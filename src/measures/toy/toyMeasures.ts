import type { FrameView } from '../frameView.js';
import type { MeasureInfo } from '../videoMeasures.js';
import { findShape } from './findShape.js';
import { insideOf, paletteOf, toyColor } from './toyColor.js';
import { areaOf, centreOf, formOverlaps, overlapAt } from './toyForm.js';
import type { ToyPrompt } from './toyPrompt.js';
import { distanceToPath, TOY_BACKGROUNDS, TOY_COLORS, toyCentre } from './toyWorld.js';

/**
 * What a video of the toy world is against what its prompt says. Of a frame where nothing stands out from the background,
 * what is right is 0, and what would be measured of a shape is null.
 */
export const TOY_MEASURES = {
  /** Overlap (intersection over union) with the prompt's form, drawn where its motion has it in this frame. */
  truth: { title: 'truth: right form at right place', unit: 'overlap', better: 'higher' },
  /** Whether anything stands out from the background. */
  shapeFound: { title: 'a shape is there', unit: 'share of frames', better: 'higher' },
  /** Whether the prompt's colour is the nearest of the eight (CIEDE2000), and how far it is. */
  rightColor: { title: 'right colour', unit: 'share of frames', better: 'higher' },
  shapeColor: { title: "shape to its prompt's colour", unit: 'CIEDE2000', better: 'lower' },
  /** Whether the prompt's form fits best of the four, and how well (intersection over union), wherever the shape is. */
  rightShape: { title: 'right form', unit: 'share of frames', better: 'higher' },
  form: { title: 'form, wherever it is', unit: 'overlap', better: 'higher' },
  /** Pixels of the shape over those that the form has. */
  area: { title: 'area', unit: 'times', better: 'same' },
  /** From the shape's centre to where the motion has it in this frame, and to the nearest point of its whole path. */
  centreError: { title: 'centre to its place', unit: 'pixels', better: 'lower' },
  pathError: { title: 'centre to its path', unit: 'pixels', better: 'lower' },
  /** Whether the prompt's background is the nearest of the four (CIEDE2000), and how far it is. */
  rightBackground: { title: 'right background', unit: 'share of frames', better: 'higher' },
  backgroundColor: { title: 'background to its colour', unit: 'CIEDE2000', better: 'lower' },
} satisfies Record<string, MeasureInfo>;

export type ToyMeasureName = keyof typeof TOY_MEASURES;

const COLORS = paletteOf(TOY_COLORS);
const BACKGROUNDS = paletteOf(TOY_BACKGROUNDS);

/** One frame's values. */
export type ToyValues = Readonly<Record<ToyMeasureName, number | null>>;

/** Measures a frame of the toy world against its prompt. */
export function toyValues(frame: FrameView, prompt: ToyPrompt): ToyValues {
  const { rgb, width, height } = frame;
  const found = findShape(frame);
  const isThere = found.area > 0;
  const background = toyColor(rgb, found.background, BACKGROUNDS, prompt.background);
  const color = isThere ? toyColor(rgb, insideOf(found.mask, width), COLORS, prompt.color) : null;
  const place = toyCentre(prompt.motion, frame.index, width, height);
  const centre = centreOf(found.middle, prompt.shape, width, height);
  const forms = isThere ? formOverlaps(found, width, height) : null;
  return {
    truth: isThere ? overlapAt(found, prompt.shape, place, width, height) : 0,
    shapeFound: Number(isThere),
    rightColor: Number(color?.isRight ?? false),
    shapeColor: color?.difference ?? null,
    rightShape: Number(forms !== null && forms[prompt.shape] >= Math.max(...Object.values(forms))),
    form: forms?.[prompt.shape] ?? 0,
    area: found.area / areaOf(prompt.shape, width, height),
    centreError: isThere ? Math.hypot(centre.x - place.x, centre.y - place.y) : null,
    pathError: isThere ? distanceToPath(prompt.motion, centre, width, height) : null,
    rightBackground: Number(background?.isRight ?? false),
    backgroundColor: background?.difference ?? null,
  };
}
