// How often the triggers fire by chance, and how often they see a step, on simulated severities. `npm run build` before.
//
//   node scripts/simulate-severities.mjs [--runs 2000] [--out docs/results/severities.json]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { RunningStatistics } from '../dist/tokentrim/severity.js';
import { forecastSeverity } from '../dist/tokentrim/severityForecast.js';
import { SERIES, uniforms } from './severitySeries.mjs';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '2000' }, out: { type: 'string' } } });
const runs = Number(values.runs);
const BLOCKS = 40;
const FALSE_ALARMS = 1 / 40;
const WARMUP = 2;

/** A trigger: `limit(block)` by what was accepted before. */
const paper = (skipFirst) => () => {
  const statistics = new RunningStatistics();
  return {
    limit: (block) => (block > WARMUP + (skipFirst ? 1 : 0) ? statistics.mean + 2 * statistics.std : Infinity),
    accept: (block, severity) => (block === 1 && skipFirst ? undefined : statistics.add(severity)),
  };
};
const adaptive = () => {
  const accepted = [];
  return {
    limit: (block) => (block > WARMUP && forecastSeverity(accepted, FALSE_ALARMS)?.threshold) || Infinity,
    accept: (block, severity) => (block === 1 ? undefined : accepted.push(severity)),
  };
};
const RULES = { paper: paper(false), 'paper, first skipped': paper(true), adaptive };

/** Blocks that are above their limit. One that is made again comes out as the same block of another run would. */
function alarmsOf(rule, severities, others) {
  const { limit, accept } = rule();
  return severities.map((severity, index) => {
    const isAbove = severity > limit(index + 1);
    accept(index + 1, isAbove ? others[index] : severity);
    return isAbove;
  });
}

/** Another run of the same kind, for blocks that are made again. */
const OTHER = 1_000_000;

/** Alarms in a run of 40 blocks: their mean, and its 95 % interval over the runs. */
function alarms(rule, series) {
  const counts = Array.from({ length: runs }, (_, run) => {
    const [severities, others] = [run, OTHER + run].map((seed) => series(uniforms(seed), BLOCKS));
    return alarmsOf(rule, severities, others).filter(Boolean).length;
  });
  const mean = counts.reduce((sum, count) => sum + count, 0) / runs;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (runs - 1);
  const half = 1.96 * Math.sqrt(variance / runs);
  return { mean: rounded(mean), low: rounded(mean - half), high: rounded(mean + half) };
}

/** Share of runs in which a block that is `step` deviations above is seen. */
function power(rule, series, block, step) {
  let seen = 0;
  for (let run = 0; run < runs; run++) {
    const [severities, others] = [run, OTHER + run].map((seed) => series(uniforms(seed), block));
    severities[block - 1] += 0.1 * step;
    if (alarmsOf(rule, severities, others)[block - 1]) seen++;
  }
  return rounded(seen / runs);
}

const rounded = (value) => Number(value.toFixed(3));
const table = { falseAlarms: {}, power: {} };
for (const [name, rule] of Object.entries(RULES)) {
  table.falseAlarms[name] = Object.fromEntries(
    Object.entries(SERIES).map(([kind, series]) => [kind, alarms(rule, series)]),
  );
  for (const kind of ['normal', 'AR(1), 0.8', 'trend', 'first block 6 times']) {
    table.power[name] ??= {};
    table.power[name][kind] = Object.fromEntries(
      [8, 20].map((block) => [
        `block ${block}`,
        Object.fromEntries([2, 3, 4, 5, 6, 8].map((step) => [step, power(rule, SERIES[kind], block, step)])),
      ]),
    );
  }
}

const names = Object.keys(RULES);
console.log(`alarms in ${BLOCKS} blocks, mean of ${runs} runs (95 % interval)`);
console.log(''.padEnd(38) + names.map((name) => name.padStart(24)).join(''));
for (const kind of Object.keys(SERIES)) {
  const cells = names.map((name) => table.falseAlarms[name][kind]);
  console.log(
    kind.padEnd(38) +
      cells
        .map(({ mean, low, high }) => `${mean.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`.padStart(24))
        .join(''),
  );
}
console.log('\nshare of runs in which a step of 2, 3, 4, 5, 6, 8 deviations is seen');
for (const [name, kinds] of Object.entries(table.power)) {
  for (const [kind, blocks] of Object.entries(kinds)) {
    for (const [block, steps] of Object.entries(blocks)) {
      console.log(
        `${name.padEnd(22)}${kind.padEnd(22)}${block.padEnd(10)}${Object.values(steps)
          .map((share) => share.toFixed(2))
          .join('  ')}`,
      );
    }
  }
}
if (values.out !== undefined) {
  const command = `node scripts/simulate-severities.mjs --runs ${runs}`;
  writeFileSync(
    values.out,
    `${JSON.stringify({ command, blocks: BLOCKS, stated: FALSE_ALARMS, ...table }, null, 1)}\n`,
  );
}
