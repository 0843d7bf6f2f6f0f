// What a run of the bundle on a card left in its folder, as one small file to keep under docs/results.
// node bench/card/condense.mjs <folder of the run> <file.json> [--commit <commit>]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, file, ...flags] = process.argv.slice(2);
const commit = flags[0] === '--commit' ? flags[1] : undefined;
const read = (name) => {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8'));
  } catch {
    return undefined;
  }
};
const log = readFileSync(join(folder, 'log.txt'), 'utf8');
const round = (value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
const rounded = (rows) =>
  rows?.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, round(value)])));

const { adapters = [], chosen, measured, selfTests = {} } = read('doctor.json') ?? {};
const { name, description, limits } = adapters.find((adapter) => adapter.name === chosen) ?? {};
const forms = read('forms.json') ?? [];
const found = forms.find(({ features }) => features);
const torch = read('torch.json');
const { rollouts, ...benchmarks } = read('bench.json') ?? {};

const condensed = {
  card: name,
  driver: description,
  commit,
  machine: {
    processor: /^model name\s*: (.*)$/m.exec(log)?.[1],
    glibc: /^glibc (.*)$/m.exec(log)?.[1],
  },
  features: found?.features,
  limits: limits && {
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxBufferSize: limits.maxBufferSize,
  },
  right: found?.right,
  selfTests: Object.fromEntries(Object.entries(selfTests).map(([run, report]) => [run, selfTest(report)])),
  checks: rows('check', ({ kernel, form, shape, worst, passed, error }) => ({
    kernel,
    form,
    shape,
    worst,
    passed,
    error,
  })),
  times: rows('time', ({ name: kernel, what, form, shape, seconds, first, tflops, gbps, error }) => {
    return { kernel, what, form, shape, seconds, first, tflops, gbps, error };
  }),
  choices: measured && Object.values(measured).map(({ kernel, type, size, form }) => ({ kernel, type, size, form })),
  parity: parity(read('parity.json') ?? {}),
  demo: Object.fromEntries(Object.entries(read('demo.json') ?? {}).map(([preset, run]) => [preset, demo(run)])),
  bench: sections(benchmarks),
  rollouts: rollouts?.rows.map(rollout),
  torch: torch && { version: torch.torch, device: torch.device, times: rounded(torch.times) },
};

/** Of the forms; a group's own rows say nothing of a form. */
function rows(kind, pick) {
  return rounded(forms.filter((row) => row.kind === kind && row.form).map(pick));
}

/** Of all launches of a kernel: how many, and the largest error. */
function selfTest(report) {
  if (!report) return undefined;
  const kernels = {};
  for (const { kernel, error, isRight } of report.checks) {
    kernels[kernel] ??= { launches: 0, wrong: 0, error: 0 };
    const row = kernels[kernel];
    row.launches++;
    if (!isRight) row.wrong++;
    row.error = Math.max(row.error, error);
  }
  const { forms: tried, seconds, leftOut, broken, faulty } = report;
  const each = Object.entries(kernels).map(([kernel, row]) => ({ kernel, ...row }));
  return { forms: tried, seconds: round(seconds), leftOut: leftOut.length, broken, faulty, kernels: rounded(each) };
}

/** A row a line, so that two runs can be compared by eye. */
const lines = (value, indent) => {
  const inside = `${indent}  `;
  if (Array.isArray(value))
    return `[\n${value.map((row) => `${inside}${JSON.stringify(row)}`).join(',\n')}\n${indent}]`;
  const isNested =
    value && typeof value === 'object' && Object.values(value).some((part) => part && typeof part === 'object');
  if (!isNested) return JSON.stringify(value);
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{\n${parts.map(([key, part]) => `${inside}${JSON.stringify(key)}: ${lines(part, inside)}`).join(',\n')}\n${indent}}`;
};
writeFileSync(file, `${lines(condensed, '')}\n`);

/** For each form that was forced: cases that agree, and the largest error of each kind. */
function parity(runs) {
  const forced = {};
  for (const [run, reports] of Object.entries(runs)) {
    const form = run.replace(/^parity-/, '').replace(/-\d$/, '');
    forced[form] ??= { agree: 0, cases: 0, largest: {} };
    for (const { kind, passed, outputs } of reports.flat()) {
      forced[form].cases++;
      if (passed) forced[form].agree++;
      const worst = Math.max(0, ...outputs.map(({ maxError }) => maxError));
      if (outputs.length > 0) forced[form].largest[kind] = round(Math.max(forced[form].largest[kind] ?? 0, worst));
    }
  }
  return forced;
}

function demo({ frames, width, height, seconds, compiledKernels, blocks }) {
  const rows = blocks.map(({ index, severity, threshold, triggered, severityAfter, seconds: time }) => {
    return rounded([{ index, severity, threshold, triggered, severityAfter, seconds: time }])[0];
  });
  return { frames, width, height, seconds: round(seconds), compiledKernels, blocks: rows };
}

/** Seconds from the start of the process, and of each block. */
function rollout({ calls, blocks = [], stages = {}, errors, ...row }) {
  if (Object.hasOwn(row, 'isSame')) return row;
  return { ...rounded([row])[0], stages: rounded([stages])[0], blocks: blocks.map(round) };
}

function sections(results) {
  return Object.fromEntries(
    Object.entries(results).map(([name, sections]) => {
      const result = sections[name] ?? sections.dit; // `gradient` is one of its runs
      return [name, { clock: result?.clock, ceilings: result?.ceilings, rows: rounded(result?.rows) }];
    }),
  );
}
