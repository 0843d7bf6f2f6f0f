import { MEASURES } from '../measures/measures.js';
import type { Measured } from '../measures/measuresCsv.js';
import { type MeasuredSeries, SECONDS } from '../measures/videoMeasures.js';

/** What stands in each column of a table. */
const ENDS = [
  ['first 15%', ({ first }: MeasuredSeries) => first],
  ['last 15%', ({ last }: MeasuredSeries) => last],
  ['5 s drift', ({ drift }: MeasuredSeries) => drift],
] as const;

const WIDTH = 11;
const BETTER = { lower: 'lower is better', higher: 'higher is better', same: 'unchanged is best', neither: '' };

/** A line for each measure, or where there are several inputs one for each of them below it. */
export function measureTable(all: readonly Measured[]): string {
  const series = all.flatMap(({ measures }) => Object.values(measures.measures));
  const seconds = SECONDS.filter((second) => series.some(({ at }) => second in at));
  const names = Object.keys(MEASURES).filter((name) => all.some(({ measures }) => name in measures.measures));
  const labels = names.map((name) => labelOf(name));
  const isOne = all.length === 1;
  const inputs = isOne ? labels : all.map(({ name }) => `  ${name}`);
  const first = Math.max(...[...inputs, 'measure'].map(({ length }) => length));

  const line = (label: string, cells: readonly string[]) =>
    `${label.padEnd(first)}${cells.map((cell) => cell.padStart(WIDTH)).join('')}`.trimEnd();
  const cells = (found: MeasuredSeries) =>
    [...seconds.map((second) => found.at[second]), ...ENDS.map(([, take]) => take(found))].map(shown);
  const head = line('measure', [...seconds.map((second) => `${second} s`), ...ENDS.map(([title]) => title)]);
  const lines = names.flatMap((name, index) => {
    const there = all.filter(({ measures }) => name in measures.measures);
    if (isOne) return [line(labels[index], cells(all[0].measures.measures[name]))];
    return [labels[index], ...there.map((each) => line(`  ${each.name}`, cells(each.measures.measures[name])))];
  });
  return `${[head, ...lines].join('\n')}\n`;
}

function labelOf(name: string): string {
  const { title, unit, better } = MEASURES[name];
  return `${title} (${[unit, BETTER[better]].filter(Boolean).join(', ')})`;
}

/** Three digits; nothing where there is no such moment, a dash where there is one and no value. */
function shown(value: number | null | undefined): string {
  if (value === undefined) return '';
  return value === null ? '-' : String(Number(value.toPrecision(3)));
}
