// Gathers what the steps of run-on-gpu.sh left into a few files, and says it in lines: node summary.mjs <results> <out>
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const [from, out] = process.argv.slice(2);
const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
/** A JSON file, or one of a value a line; undefined where there is none. */
function read(name) {
  const file = [`${name}.json`, `${name}.jsonl`].find((known) => readdirSync(from).includes(known));
  if (!file) return undefined;
  const text = readFileSync(`${from}/${file}`, 'utf8');
  return (
    parse(text) ??
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => parse(line) ?? line)
  );
}
const all = (start) =>
  Object.fromEntries(
    readdirSync(from)
      .filter((file) => file.startsWith(start) && /\.jsonl?$/.test(file))
      .map((file) => [file.replace(/\.jsonl?$/, ''), read(file.replace(/\.jsonl?$/, ''))]),
  );
const write = (name, value) => writeFileSync(`${out}/${name}`, `${JSON.stringify(value ?? null, null, 1)}\n`);

const parity = all('parity-');
const forms = read('forms') ?? [];
const torch = read('torch');
const selfTests = Object.fromEntries(['cold', 'warm'].map((run) => [run, read(`selftest-${run}`)?.selfTest]));
write('doctor.json', { ...read('doctor'), measured: read('measured')?.kernels, selfTests });
write('forms.json', forms);
write('parity.json', parity);
write('demo.json', all('demo-'));
write('torch.json', torch);
write('bench.json', { dit: read('dit'), gradient: read('gradient'), vae: read('vae'), rollouts: read('rollouts') });

const lines = [];
for (const [run, report] of Object.entries(selfTests)) {
  if (!report) continue;
  const { checks, leftOut, broken, faulty, forms: tried, seconds } = report;
  const wrong = checks.filter(({ isRight }) => !isRight);
  lines.push(
    `self-test, ${run}: ${checks.length} launches in ${tried.join(', ')}, ${seconds.toFixed(0)} s, ${leftOut.length} left out`,
  );
  for (const one of [...wrong, ...broken, ...faulty]) lines.push(`  FAIL ${JSON.stringify(one).slice(0, 300)}`);
}
const checks = forms.filter(({ kind }) => kind === 'check');
const absent = checks.filter(({ passed }) => passed === null);
const bad = checks.filter(({ passed }) => passed === false);
const agree = checks.length - bad.length - absent.length;
lines.push(
  `forms: ${agree} checks agree, ${bad.length} do not, ${absent.length} are of forms that this adapter has not`,
);
for (const one of bad) lines.push(`  FAIL ${JSON.stringify(one).slice(0, 400)}`);
for (const [name, reports] of Object.entries(parity)) {
  const flat = [reports].flat(2).filter((report) => report !== null && typeof report === 'object');
  lines.push(`${name}: ${flat.filter(({ passed }) => passed).length} of ${flat.length} cases`);
  const ran = new Set(flat.flatMap(({ forms = {} }) => Object.entries(forms).map((entry) => entry.flat().join(' '))));
  lines.push(`  ${[...ran].sort().join(', ')}`);
  for (const report of flat) if (!report.passed) lines.push(`  FAIL ${JSON.stringify(report).slice(0, 300)}`);
}
const peers = new Map((torch?.times ?? []).map((row) => [row.name, row.seconds]));
const times = forms.filter(({ kind, seconds }) => kind === 'time' && seconds);
const best = new Map();
for (const row of times) {
  const key = `${row.name} ${row.form}${row.group.includes('unguarded') ? ' unguarded' : ''}`;
  if (!(best.get(key)?.seconds <= row.seconds)) best.set(key, row);
}
for (const [key, { name, seconds, shape, tflops, gbps }] of best) {
  const peer = peers.get(`${name} bf16`);
  const rate = tflops ? `${tflops.toFixed(1)} TFLOP/s` : `${(gbps ?? 0).toFixed(0)} GB/s`;
  const beside = peer
    ? `   torch bf16 ${(peer * 1e3).toFixed(3)} ms, ${(seconds / peer).toFixed(1)} times as long`
    : '';
  lines.push(
    `${key.padEnd(44)} ${(seconds * 1e3).toFixed(3).padStart(9)} ms ${rate.padEnd(16)} ${Object.values(shape ?? {}).join(' ')}${beside}`,
  );
}
writeFileSync(`${out}/summary.txt`, `${lines.join('\n')}\n`);
console.log(lines.join('\n'));
