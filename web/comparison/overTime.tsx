import type { ArmResult, ComparisonReport, Curve } from '../../src/compare/comparisonReport.js';
import { short } from './words.js';

interface Props {
  readonly report: ComparisonReport;
  readonly results: readonly ArmResult[];
  /** The one that is looked at beside the baseline. */
  readonly arm: string;
}

/** Pixels. */
const WIDTH = 380;
const HEIGHT = 170;
const [LEFT, TOP, RIGHT, BOTTOM] = [48, 8, 8, 22];

/** A chart for each measure that goes over time: a line for each arm, a band for the two that are compared. */
export function OverTime({ report, results, arm }: Props) {
  const measures = Object.entries(report.measures).filter(([name]) => results.some(({ curves }) => curves[name]));
  return (
    <div class="plots">
      {measures.map(([name, { title, unit }]) => (
        <figure key={name}>
          <figcaption>
            {title} <small>{unit}</small>
          </figcaption>
          <Chart name={name} title={title} results={results} baseline={report.baseline} arm={arm} />
        </figure>
      ))}
    </div>
  );
}

interface ChartProps {
  readonly name: string;
  readonly title: string;
  readonly results: readonly ArmResult[];
  readonly baseline: string;
  readonly arm: string;
}

function Chart({ name, title, results, baseline, arm }: ChartProps) {
  const shown = results.filter(({ curves }) => curves[name]);
  const order = (each: ArmResult) => (each.arm === arm ? 2 : each.arm === baseline ? 1 : 0);
  const sorted = [...shown].sort((left, right) => order(left) - order(right));
  const values = sorted.flatMap(({ curves, arm: each }) => {
    const { mean, low, high } = curves[name];
    return (each === arm || each === baseline ? [mean, low, high] : [mean]).flat().filter((value) => value !== null);
  });
  const end = Math.max(1, ...sorted.flatMap(({ curves }) => curves[name].times));
  const [low, high] = rangeOf(values);
  const x = (time: number) => LEFT + (time / end) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const last = (each: ArmResult) => each.curves[name].mean.findLast((value) => value !== null) ?? null;
  const label = sorted.map((each) => `${each.arm} ends at ${short(last(each))}`).join(', ');
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title} over ${short(end)} seconds: ${label}`}>
      <path class="axis" d={`M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}`} />
      {[low, (low + high) / 2, high].map((value) => (
        <text key={value} class="tick" x={LEFT - 6} y={y(value) + 4} text-anchor="end">
          {short(value)}
        </text>
      ))}
      {[0, end / 2, end].map((time) => (
        <text key={time} class="tick" x={x(time)} y={HEIGHT - 6} text-anchor={time === end ? 'end' : 'middle'}>
          {short(time)}
          {time === end && ' s'}
        </text>
      ))}
      {sorted.map((each) => {
        const curve = each.curves[name];
        const kind = each.arm === arm ? 'chosen' : each.arm === baseline ? 'base' : 'faint';
        return (
          <g key={each.arm} class={kind}>
            <title>{each.arm}</title>
            {kind !== 'faint' && <path class="spread" d={bandOf(curve, x, y)} />}
            <path class="line" d={lineOf(curve.times, curve.mean, x, y)} />
          </g>
        );
      })}
    </svg>
  );
}

type Scale = (value: number) => number;

/** What is drawn from where to where: with room, and never nothing. */
function rangeOf(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(high > low)) return [low - 0.5, high + 0.5];
  const room = 0.05 * (high - low);
  return [low - room, high + room];
}

/** A line with gaps where there is no value. */
function lineOf(times: readonly number[], values: readonly (number | null)[], x: Scale, y: Scale): string {
  let isDrawing = false;
  return values
    .map((value, index) => {
      const command = isDrawing ? 'L' : 'M';
      isDrawing = value !== null;
      return value === null ? '' : `${command}${x(times[index]).toFixed(1)} ${y(value).toFixed(1)}`;
    })
    .join('');
}

/** From low to high and back, where there are both. */
function bandOf({ times, low, high }: Curve, x: Scale, y: Scale): string {
  const there = times.flatMap((time, index) => {
    const [bottom, top] = [low[index], high[index]];
    return bottom === null || top === null ? [] : [{ time, bottom, top }];
  });
  if (there.length < 2) return '';
  const point = (time: number, value: number) => `${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
  const up = there.map(({ time, top }) => point(time, top));
  const down = there.map(({ time, bottom }) => point(time, bottom)).reverse();
  return `M${[...up, ...down].join('L')}Z`;
}
