import type { ComparisonReport, Contrast, Difference } from '../../src/compare/comparisonReport.js';
import { WHOLE } from '../../src/compare/measuredRun.js';
import type { Moment } from '../../src/compare/moments.js';
import { isTold, short } from './words.js';

interface Props {
  readonly report: ComparisonReport;
  readonly contrasts: readonly Contrast[];
  readonly moment: Moment;
}

/** Pixels. */
const WIDTH = 380;
const NAMES = 156;
const ROW = 22;
const FOOT = 20;
const END = 14;

/** A plot for each measure: a row for each arm, its mean difference and interval about 0. */
export function Differences({ report, contrasts, moment }: Props) {
  const plots = Object.entries(report.measures).flatMap(([measure, info]) => {
    const rows = contrasts.flatMap((contrast) => {
      const moments = contrast.differences[measure] ?? {};
      const difference = moments[moment] ?? moments[WHOLE];
      return difference ? [{ contrast, difference }] : [];
    });
    return rows.length > 0 ? [{ measure, info, rows }] : [];
  });
  return (
    <div class="plots">
      {plots.map(({ measure, info: { title, unit, better }, rows }) => (
        <figure key={measure}>
          <figcaption>
            {title} <small>{betterWords(unit, better)}</small>
          </figcaption>
          <Plot title={title} rows={rows} />
        </figure>
      ))}
    </div>
  );
}

const betterWords = (unit: string, better: string): string =>
  better === 'lower' || better === 'higher' ? `${unit}; ${better} is better` : unit;

interface Row {
  readonly contrast: Contrast;
  readonly difference: Difference;
}

function Plot({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }) {
  const reach = Math.max(1e-12, ...rows.map(({ difference }) => reachOf(difference)));
  const middle = NAMES + (WIDTH - NAMES - END) / 2;
  const x = (value: number) => middle + (value / reach) * ((WIDTH - NAMES - END) / 2);
  const height = rows.length * ROW + FOOT;
  const isFlat = rows.every(({ difference }) => reachOf(difference) === 0);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={`${title}: ${rows.map(sentence).join('; ')}`}>
      {rows.map(({ contrast, difference }, index) => {
        const { mean, low, high, detectable } = difference;
        const y = index * ROW + ROW / 2;
        const told = isTold(difference);
        return (
          <g key={nameOf(contrast)} class={told ? 'told' : ''}>
            <title>{sentence({ contrast, difference })}</title>
            <text x={0} y={y + 4}>
              {nameOf(contrast)}
            </text>
            {detectable !== null && detectable > 0 && (
              <rect class="unseen" x={x(-detectable)} y={y - 7} width={x(detectable) - x(-detectable)} height={14} />
            )}
            {low !== null && high !== null && <path class="interval" d={`M${x(low)} ${y}H${x(high)}`} />}
            <circle class="mean" cx={x(mean)} cy={y} r={3.5} />
          </g>
        );
      })}
      <path class="zero" d={`M${middle} 0V${height - FOOT}`} />
      <text class="tick" x={middle} y={height - 5} text-anchor="middle">
        0
      </text>
      {!isFlat && (
        <>
          <text class="tick" x={NAMES} y={height - 5}>
            {short(-reach)}
          </text>
          <text class="tick" x={WIDTH - 2} y={height - 5} text-anchor="end">
            {short(reach)}
          </text>
        </>
      )}
    </svg>
  );
}

/** How far from 0 a row goes. */
function reachOf({ mean, low, high, detectable }: Difference): number {
  return Math.max(Math.abs(mean), Math.abs(low ?? 0), Math.abs(high ?? 0), detectable ?? 0);
}

const nameOf = ({ arm, against }: Contrast): string => `${arm} − ${against}`;

function sentence({ contrast, difference: { mean, low, high, n, differing } }: Row): string {
  const interval = low === null ? 'no interval of so few' : `${short(low)} to ${short(high)}`;
  return `${nameOf(contrast)} ${short(mean)} (${interval}), ${n} pairs, ${differing} of them differ`;
}
