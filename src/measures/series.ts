import { meanOf } from './measure.js';
import { type MeasuredSeries, SECONDS } from './videoMeasures.js';

/** The share of a video that counts as its beginning, and as its end. */
const ENDS = 0.15;
/** Seconds of the drift that long-video papers report. */
const DRIFT_SECONDS = 5;
/** A last second of which less than this is there has no value of its own. */
const LEAST_PART = 0.5;

/** The frames of every second: from which to before which. A video that is shorter than that has one. */
export function secondsOf(frames: number, fps: number): { readonly time: number; readonly range: Range }[] {
  const seconds = Math.max(1, Math.floor(frames / fps + LEAST_PART));
  return Array.from({ length: seconds }, (_, second) => {
    const range = [Math.round(second * fps), Math.min(frames, Math.round((second + 1) * fps))] as const;
    return { time: second + 1, range };
  }).filter(({ range: [from, to] }) => to > from);
}

type Range = readonly [from: number, to: number];

/** A measure's values of all frames, over time. */
export function seriesOf(found: readonly (number | null)[], fps: number): MeasuredSeries {
  const mean = (from: number, to?: number) => rounded(meanOf(found.slice(from, to)));
  const seconds = secondsOf(found.length, fps).map(({ time, range }) => [time, mean(...range)] as const);
  const marked = seconds.filter(([time]) => (SECONDS as readonly number[]).includes(time));
  const ends = Math.max(1, Math.round(ENDS * found.length));
  return {
    values: seconds.map(([, value]) => value),
    at: Object.fromEntries(marked),
    mean: mean(0),
    first: mean(0, ends),
    last: mean(-ends),
    drift: driftOf(found, Math.round(DRIFT_SECONDS * fps)),
  };
}

function driftOf(found: readonly (number | null)[], frames: number): number | null {
  if (found.length < 2 * frames) return null;
  const first = meanOf(found.slice(0, frames));
  const last = meanOf(found.slice(-frames));
  return first === null || last === null ? null : rounded(Math.abs(first - last));
}

/** Seven digits: what is past them is noise of sums, and JSON is shorter without. */
const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(7)));
