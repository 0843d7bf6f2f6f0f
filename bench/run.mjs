// npm run bench [-- <section> ...] [--json FILE] [--adapter NAME] [--match TEXT]
//
// Sections, each in a process of its own: kernels, dit, vae, text, rollout, length, start; all of them where none is named. `dit`,
// `rollout` and `length` take options of their own (--help). TOKENTRIM_ADAPTER or --adapter chooses the adapter, TOKENTRIM_KERNELS
// the form of the kernels. What is measured and how: docs/PERFORMANCE.md.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

/** Sections that measure kernels run lavapipe on one thread, so that the thread's time is the work's. */
const SECTIONS = {
  kernels: { threads: 1 },
  dit: { threads: 1 },
  vae: { threads: 1 },
  text: { threads: 1 },
  rollout: {},
  length: {},
  start: {},
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    adapter: { type: 'string' },
    match: { type: 'string' },
    tokens: { type: 'string' },
    layers: { type: 'string' },
    gradient: { type: 'boolean' },
    blocks: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const strangers = positionals.filter((name) => !Object.hasOwn(SECTIONS, name));
if (values.help || strangers.length > 0) {
  if (strangers.length > 0) console.error(`there is no section ${strangers.join(', ')}`);
  console.log(`usage: npm run bench -- [${Object.keys(SECTIONS).join('] [')}] [--json FILE] [--adapter NAME]
  --match TEXT     only cases whose name contains this
  --tokens LIST    of dit: own tokens, or own+cached ones: 64,390,4680+28080
  --layers N       of dit: layers of the whole forward (default: all)
  --gradient       of dit: beside each forward the flow with its gradient with respect to the latents
  --blocks N       of rollout: blocks of each run (default: 40); of length: the late block (default: 100)`);
  process.exit(strangers.length > 0 ? 1 : 0);
}
if (!existsSync(new URL('../dist/index.js', import.meta.url))) {
  console.error('the program is not built: run `npm run build` first');
  process.exit(1);
}

console.log(`${cpus()[0]?.model ?? 'processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`);
const results = {};
let failed = false;
for (const name of positionals.length > 0 ? positionals : Object.keys(SECTIONS)) {
  const result = await runSection(name);
  if (result) results[name] = result;
  else failed = true;
}
if (values.json) {
  const machine = { processor: cpus()[0]?.model, cores: cpus().length, node: process.version };
  await writeFile(values.json, `${JSON.stringify({ date: new Date().toISOString(), machine, ...results }, null, 1)}\n`);
}
process.exitCode = failed ? 1 : 0;

/** What a section's process sent; undefined where it ended without. */
function runSection(name) {
  const environment = { ...process.env };
  if (SECTIONS[name].threads) environment.LP_NUM_THREADS ??= String(SECTIONS[name].threads);
  if (values.adapter) environment.TOKENTRIM_ADAPTER = values.adapter;
  const { json, adapter, help, ...options } = values;
  const child = fork(new URL(`sections/${name}.mjs`, import.meta.url), [], {
    env: { ...environment, BENCH_OPTIONS: JSON.stringify(options) },
    execArgv: ['--expose-gc'],
  });
  return new Promise((resolve) => {
    let received;
    child.on('message', (message) => {
      received = message;
    });
    child.on('exit', (code) => {
      if (code !== 0) console.error(`${name}: its process ended with ${code}`);
      resolve(code === 0 ? received : undefined);
    });
  });
}
