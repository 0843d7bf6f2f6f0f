import type { MeasuredSeries } from '../measures/videoMeasures.js';

/** When of a video a number is: a second, the whole, an end of it, or how one end differs from the other. */
export type Moment = string;

/** What moments mean, for who reads a report; seconds are written as `30 s`. */
export const MOMENTS: Readonly<Record<string, string>> = {
  mean: 'mean over the video',
  first: 'first 15%',
  last: 'last 15%',
  change: 'last 15% minus first 15%',
  drift: '|first 5 s minus last 5 s|',
};

/** The numbers of a series by their moments; those are left out that the video is too short for. */
export function momentsOf({ at, mean, first, last, drift }: MeasuredSeries): Record<Moment, number> {
  const change = first === null || last === null ? null : last - first;
  const seconds = Object.entries(at).map(([second, value]) => [`${second} s`, value] as const);
  const found = [...seconds, ...Object.entries({ mean, first, last, change, drift })];
  return Object.fromEntries(found.filter((each): each is [string, number] => each[1] !== null));
}
