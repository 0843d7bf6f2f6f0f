// npm run fuzz -- --target torchPickle --seconds 60; every target in turn without --target. What goes new ways is kept
// under node_modules/.cache, so that a later run goes on. Ends with 1 where something was found.
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    jobs: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
  },
});
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const all = readdirSync(path('../test/fuzz/targets')).map((name) => name.replace(/\.ts$/, ''));
const targets = values.target ?? all;
for (const target of targets)
  if (!all.includes(target)) throw new Error(`there is no target ${target}: ${all.join(', ')}`);

/** An input that takes so long hangs, whatever else the machine does. */
const HANGS_AFTER_MS = 30_000;

let found = 0;
let inputs = 0;

async function run(target) {
  const folder = path(`../node_modules/.cache/tokentrim-fuzz/${target}`);
  mkdirSync(folder, { recursive: true });
  const execArgv = ['--import', path('fuzz/coverageHooks.mjs'), '--max-old-space-size=512', '--no-warnings'];
  const child = fork(path('fuzz/child.mjs'), { execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let complaints = '';
  child.stderr.on('data', (data) => (complaints += data));
  let report;
  child.once('message', (message) => (report = message));
  child.send({ target, seconds: Number(values.seconds), seed: Number(values.seed), folder });
  const hanging = setTimeout(() => child.kill('SIGKILL'), Number(values.seconds) * 1000 + 2 * HANGS_AFTER_MS);
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...end) => resolve(end)));
  clearTimeout(hanging);
  if (!report) {
    const file = `${folder}/ended-${values.seed}`;
    writeFileSync(file, currentInput(`${folder}/current`));
    const what = signal === 'SIGKILL' ? 'hangs, or was killed' : `ended with ${signal ?? code}`;
    report = { target, inputs: 0, kept: 0, edges: 0, findings: [{ what, detail: complaints.slice(0, 1000), file }] };
  }
  found += report.findings.length;
  inputs += report.inputs;
  console.log(
    `${target}: ${report.inputs} inputs, ${report.kept} kept, ${report.edges} edges, ${report.findings.length} findings`,
  );
  for (const { what, detail, file } of report.findings)
    console.log(`  ${what}\n    ${detail.replaceAll('\n', '\n    ')}\n    ${file}`);
}

/** The input at hand: its length in a line, and then it. */
function currentInput(file) {
  if (!existsSync(file)) return '';
  const data = readFileSync(file);
  const start = data.indexOf('\n') + 1;
  return data.subarray(start, start + Number(data.toString('latin1', 0, start)));
}

const left = [...targets];
const work = async () => {
  for (let target = left.shift(); target !== undefined; target = left.shift()) await run(target);
};
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
console.log(`${inputs} inputs over ${targets.length} targets, seed ${values.seed}: ${found} findings`);
process.exitCode = found > 0 ? 1 : 0;
