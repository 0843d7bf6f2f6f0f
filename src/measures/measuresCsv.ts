import { csvCell } from './csvCell.js';
import { MEASURES } from './measures.js';
import type { LatentMeasures, VideoMeasures } from './videoMeasures.js';

/** A video or its latents, by the name that a table gives it. */
export interface Measured {
  readonly name: string;
  readonly measures: VideoMeasures | LatentMeasures;
}

/** The first line of every table. */
export const MEASURES_CSV_HEADER = 'input,measure,unit,seconds,value';

/** A line for each value over time, so that any program can pivot it; `seconds` is where what was averaged ends. */
export function measuresCsv(all: readonly Measured[]): string {
  const lines = all.flatMap(({ name, measures: { times, measures } }) =>
    Object.entries(measures).flatMap(([measure, { values }]) =>
      values.map((value, index) =>
        [csvCell(name), measure, MEASURES[measure].unit, times[index], value ?? ''].join(','),
      ),
    ),
  );
  return `${[MEASURES_CSV_HEADER, ...lines].join('\n')}\n`;
}
