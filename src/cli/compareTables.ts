import type { ArmResult, ComparisonReport, Contrast, Difference } from '../compare/comparisonReport.js';
import { WHOLE } from '../compare/measuredRun.js';
import { MOMENTS, type Moment } from '../compare/moments.js';

/** Of a measure over time: how it changes in a video; of one that a run has once, that. */
const SHOWN: readonly Moment[] = ['last', WHOLE];

const FIRST_WIDTH = 44;
const COLUMN_WIDTH = 34;
const LEAST_WIDTH = 90;

/** The tables of a comparison for a terminal: what each arm did, and how its videos differ from the baseline's. */
export function comparisonTables(report: ComparisonReport, columns = 146): string {
  const { presets, baseline, video, bootstrap, unequal } = report;
  const perTable = Math.max(1, Math.floor((Math.max(columns, LEAST_WIDTH) - FIRST_WIDTH) / COLUMN_WIDTH));
  const tables = presets.map((preset) => {
    const results = report.results.filter((each) => each.preset === preset);
    const contrasts = report.contrasts.filter((each) => each.preset === preset);
    const pairs = Math.max(0, ...results.map(({ n }) => n));
    const title = `${preset}: ${pairs} videos of ${video.seconds.toFixed(1)} s in each arm\n\n`;
    return (
      title +
      armTable(results) +
      inChunks(contrasts, perTable)
        .map((some) => differenceTable(report, some))
        .join('')
    );
  });
  const notes = [
    `[95% interval: ${bootstrap.method} bootstrap, ${bootstrap.resamples} resamples of ${bootstrap.unit}]  ± least difference that`,
    `so many pairs would have shown in 4 of 5 comparisons  * the interval leaves out 0: ${countOf(report)}`,
    ...(unequal.length > 0
      ? [
          `${unequal.length} runs differ from the ${baseline} before anything was done to them: were they made on one adapter?`,
        ]
      : []),
  ];
  return `${tables.join('\n')}\n${notes.join('\n')}\n`;
}

function armTable(results: readonly ArmResult[]): string {
  const head = `${'arm'.padEnd(FIRST_WIDTH)}${['videos', 'with any', 'interventions', 'of blocks', 'DiT calls'].map(right).join('')}\n`;
  const rows = results.map(({ arm, n, touched, interventions, blocks, levels }) => {
    const share = blocks > 0 ? `${((100 * interventions) / blocks).toFixed(1)}%` : '-';
    const mean = (measure: string, digits: number) => levels[measure]?.[WHOLE]?.mean.toFixed(digits) ?? '-';
    const cells = [String(n), String(touched), String(interventions), share, mean('calls', 1)];
    return `${arm.padEnd(FIRST_WIDTH)}${cells.map(right).join('')}\n`;
  });
  return `${head}${rows.join('')}\n`;
}

const right = (text: string): string => text.padStart(15);

function differenceTable(report: ComparisonReport, contrasts: readonly Contrast[]): string {
  const title = ({ arm, against }: Contrast) => `${arm} - ${against}`.padEnd(COLUMN_WIDTH);
  const head = `${`difference in ${MOMENTS.last}`.padEnd(FIRST_WIDTH)}${contrasts.map(title).join('')}\n`;
  const rows = Object.entries(report.measures).flatMap(([measure, { title, unit }]) => {
    const cells = contrasts.map(({ differences }) => {
      const moments = differences[measure] ?? {};
      const shown = SHOWN.find((moment) => moments[moment]);
      return (shown ? cell(moments[shown]) : '-').padEnd(COLUMN_WIDTH);
    });
    if (cells.every((each) => each.trim() === '-')) return [];
    return [`${`${title}, ${unit}`.slice(0, FIRST_WIDTH - 1).padEnd(FIRST_WIDTH)}${cells.join('')}`.trimEnd()];
  });
  return `${head}${rows.join('\n')}\n\n`;
}

function cell({ mean, low, high, detectable }: Difference): string {
  if (low === null || high === null || detectable === null) return short(mean);
  if (low === high) return short(mean);
  return `${short(mean)}${low > 0 || high < 0 ? '*' : ' '}[${short(low)}, ${short(high)}] ±${short(detectable)}`;
}

/** Three digits. */
function short(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1000 || size < 0.001 ? value.toExponential(0) : String(Number(value.toPrecision(2)));
}

/** How many of the intervals leave out 0, and how many would by chance where nothing differed. */
function countOf({ contrasts, bootstrap }: ComparisonReport): string {
  const all = contrasts.flatMap(({ differences }) => Object.values(differences).flatMap((each) => Object.values(each)));
  const told = all.filter(({ low, high }) => low !== null && high !== null && low !== high);
  const found = told.filter(({ low, high }) => (low as number) > 0 || (high as number) < 0);
  return `${found.length} of ${told.length}; ${Math.round((1 - bootstrap.level) * told.length)} would by chance`;
}

function inChunks<Value>(values: readonly Value[], size: number): Value[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  );
}
