import type { FrameView } from './frameView.js';
import type { MeasureInfo } from './videoMeasures.js';

/** One measure of a video: it is shown every frame, and keeps numbers of them, never the frames. */
export interface Measure {
  add(frame: FrameView): void;
  /** One value a frame, in order; null where a frame has none. Called once, after the last frame. */
  values(): (number | null)[];
}

/** What a measure is, and how it is taken of one video. */
export interface MeasureKind extends MeasureInfo {
  /** @param fps the video's frames per second */
  start(fps: number): Measure;
}

/** The first seconds of a video, which it is compared with later. */
export const REFERENCE_SECONDS = 2;

/** How many frames those are. */
export const referenceFrames = (fps: number): number => Math.max(1, Math.round(REFERENCE_SECONDS * fps));

/** Null where there is nothing to take the mean of. */
export function meanOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    sum += value;
    count++;
  }
  return count > 0 ? sum / count : null;
}

/** A measure that is one number of a frame, and of the number in the first seconds. */
export function relativeMeasure(
  fps: number,
  ofFrame: (frame: FrameView) => number | null,
  compare: (value: number, reference: number) => number | null,
): Measure {
  const found: (number | null)[] = [];
  return {
    add: (frame) => found.push(ofFrame(frame)),
    values() {
      const reference = meanOf(found.slice(0, referenceFrames(fps)));
      return found.map((value) => (value === null || reference === null ? null : compare(value, reference)));
    },
  };
}

/** A reference below this is nothing but rounding. */
const NOTHING = 1e-6;

/** How many times the reference a value is; null where the reference is nothing. */
export const ratio = (value: number, reference: number): number | null =>
  reference > NOTHING ? value / reference : null;
