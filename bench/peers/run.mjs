// This project beside other WebGPU runtimes: README.md says what counts as the same work.
// Usage: node run.mjs [<part of a work's name> ...] [--only <runtime>,...] [--repeats 7] [--json <file>]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startRuntime } from './runtime.mjs';
import { difference, summary } from './statistics.mjs';
import { heading, lines } from './table.mjs';
import { WORKS } from './works.mjs';

const OURS = 'ours';
const PEERS = ['onnxruntime', 'jaxJs', 'tfjs'];
const WARM_UPS = 2;

const { positionals: parts, values: flags } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, repeats: { type: 'string', default: '7' }, json: { type: 'string' } },
});
const peers = flags.only ? PEERS.filter((name) => flags.only.split(',').includes(name)) : PEERS;
const runtimes = [OURS, ...peers].map(startRuntime);

const adapter = await runtimes[0].ask('open');
for (const runtime of runtimes.slice(1)) {
  const found = await runtime.ask('open', { adapter });
  if (found !== adapter) throw new Error(`${runtime.name} found ${found}, this project ${adapter}: not comparable`);
}
const onProcessor = /llvmpipe|SwiftShader/.test(adapter);
console.log(heading(adapter, onProcessor));

const measured = [];
for (const [index, work] of WORKS.entries()) {
  if (parts.length > 0 && !parts.some((part) => work.name.includes(part))) continue;
  const contenders = await prepare(index);
  await interleave(work, contenders);
  const rows = contenders.map(({ runtime, position, seconds, ...row }) => ({
    runtime: runtime.name,
    ...row,
    seconds: summary(seconds),
  }));
  if (work.published && onProcessor) rows.push(published(work.published));
  measured.push({ work: work.name, operations: work.operations, rows: withRatios(rows) });
  console.log(lines(measured.at(-1)));
}
for (const runtime of runtimes) runtime.end();
if (flags.json) {
  const clock = onProcessor ? 'worker threads' : 'wall';
  writeFileSync(flags.json, `${JSON.stringify({ adapter, clock, node: process.version, measured }, null, 2)}\n`);
}
const wrong = measured.flatMap(({ rows }) => rows.filter(({ same, flaw }) => !same && !flaw));
if (wrong.length > 0) {
  console.error(`${wrong.length} results differ from ours by more than the tolerance: not the same work`);
  process.exitCode = 1;
}

/** Every form of every runtime, with its result compared to our first. */
async function prepare(index) {
  const { tolerance } = WORKS[index];
  const contenders = [];
  let expected;
  for (const runtime of runtimes) {
    const results = await runtime.ask('prepare', { index });
    expected ??= results[0].values;
    for (const [position, { form, flaw, values }] of results.entries()) {
      const apart = difference(expected, values);
      contenders.push({ runtime, form, position, flaw, difference: apart, same: apart <= tolerance, seconds: [] });
    }
  }
  return contenders;
}

/** One run of each in turn, again and again: what else the machine does meets all of them. */
async function interleave({ warmUps = WARM_UPS, repeats = Infinity }, contenders) {
  for (let round = 0; round < warmUps + Math.min(repeats, Number(flags.repeats)); round++) {
    for (const { runtime, position, seconds } of contenders) {
      const taken = await runtime.ask('measure', { form: position, onProcessor });
      if (round >= warmUps) seconds.push(taken);
    }
  }
  for (const runtime of runtimes) await runtime.ask('release');
}

/** A figure from elsewhere, as a row: nothing of it was run here. */
function published({ runtime, form, seconds }) {
  return { runtime, form: `${form} (published)`, same: true, seconds: summary([seconds]) };
}

/** Adds how many times as long as our fastest form each one takes. */
function withRatios(rows) {
  const ours = rows.filter(({ runtime }) => runtime === OURS).map(({ seconds }) => seconds.median);
  return rows.map((row) => ({ ...row, ratio: row.seconds.median / Math.min(...ours) }));
}
