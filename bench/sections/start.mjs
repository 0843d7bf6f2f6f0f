// What the first block of a process costs beyond the same block of a second video in it: once where the driver has
// compiled nothing, once where it has. Then the first run on a fresh machine, from the start of the process to its first
// picture and to its end: as `generate` does it, and with every kernel measured before it begins. Each start is a process
// of its own. On Mesa the driver's cache is put into a folder that begins empty; other drivers keep theirs.
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelFolder } from '../../dist/node/model/modelFolder.js';
import { toyWorld } from '../../dist/node/model/toyWorld.js';
import { openDevice } from '../../dist/node/openDevice.js';
import { tuneKernels } from '../../dist/node/tuneKernels.js';
import { generate } from '../../dist/pipelines/generate.js';
import { planMemory } from '../../dist/pipelines/plan/planMemory.js';
import { Report } from '../support/report.mjs';
import { median, spread } from '../support/statistics.mjs';

const WARM_STARTS = 5;
const BLOCKS = 2;
const PROMPT = 'a red circle bounces left and right on a navy background';
const DEMO = { prompt: PROMPT, seed: 24, preset: 'self-forcing', promptCache: false };
if (process.env.BENCH_START) await start(process.env.BENCH_START);
else if (process.env.BENCH_DEMO) await demo(process.env.BENCH_DEMO === 'measured');
else {
  const report = new Report('starting the toy world');
  const adapter = await compare(report);
  await compareDemos(report);
  report.send({ adapter, clock: 'wall-clock time' });
}
process.exit();

/** From the first launch to the first block. */
async function compare(report) {
  let adapter;
  for (const preset of ['self-forcing', 'rolling-forcing']) {
    const cache = await mkdtemp(join(tmpdir(), 'tokentrim-bench-'));
    const starts = [];
    for (let index = 0; index <= WARM_STARTS; index++) {
      starts.push(await startOf({ BENCH_START: preset, MESA_SHADER_CACHE_DIR: cache }));
    }
    await rm(cache, { recursive: true });
    ({ adapter } = starts[0]);
    const [cold, ...warm] = starts;
    const later = median(warm.map(({ laterSeconds }) => laterSeconds));
    const add = (name, values, loading) =>
      report.add({
        name: `${preset}, first block, ${name}`,
        seconds: median(values),
        spread: spread(values),
        repeats: values.length,
        loading: median(loading),
        note: `${(median(values) / later).toFixed(2)} of a second video's; before it ${median(loading).toFixed(2)} s of loading and compiling`,
      });
    add('nothing compiled yet', [cold.firstSeconds], [cold.loading]);
    add(
      "compiled in the driver's cache",
      warm.map(({ firstSeconds }) => firstSeconds),
      warm.map(({ loading }) => loading),
    );
  }
  return adapter;
}

/** The demo on a fresh machine: nothing is known of adapters, kernels or prompts. */
async function compareDemos(report) {
  for (const [kind, name] of [
    ['plain', 'as it is'],
    ['measured', 'every kernel measured before'],
  ]) {
    const cache = await mkdtemp(join(tmpdir(), 'tokentrim-bench-'));
    const caches = { XDG_CACHE_HOME: cache, MESA_SHADER_CACHE_DIR: join(cache, 'mesa') };
    const started = await startOf({ BENCH_DEMO: kind, ...caches });
    await rm(cache, { recursive: true });
    for (const [what, { seconds, processor }] of Object.entries(started.until)) {
      const note = `${processor.toFixed(1)} s of the processor`;
      report.add({
        name: `demo, nothing known, ${name}: until ${what}`,
        seconds,
        spread: 0,
        repeats: 1,
        processor,
        note,
      });
    }
  }
}

/** What a process of its own says of its start. */
function startOf(environment) {
  const child = fork(new URL(import.meta.url), [], { env: { ...process.env, ...environment } });
  return new Promise((resolve, reject) => {
    child.on('message', resolve);
    child.on('exit', (code) => reject(new Error(`a start ended with ${code} before it said anything`)));
  });
}

/** The demo as the command line runs it, but for the file. */
async function demo(isMeasured) {
  const device = await openDevice();
  const folder = await openModelFolder(toyWorld);
  const { decode, operations } = await planMemory(device, folder, DEMO);
  const { changed } = await tuneKernels(device, isMeasured ? {} : { work: operations });
  if (changed) await planMemory(device, folder, DEMO);
  const until = {};
  const note = (what) => {
    const { user, system } = process.cpuUsage();
    until[what] ??= { seconds: performance.now() / 1e3, processor: (user + system) / 1e6 };
  };
  for await (const event of generate(device, folder, { ...DEMO, decode })) {
    if (event.kind === 'frames') note('the first picture');
  }
  note('the end');
  process.send({ adapter: device.name, until });
  device.close();
}

/** Two videos one after the other: what the first block of the first has over that of the second is the start's. */
async function start(preset) {
  const device = await openDevice();
  const folder = await openModelFolder(toyWorld);
  const firsts = [];
  for (let video = 0; video < 2; video++) firsts.push(await firstBlock(device, folder, preset));
  const [{ loading, seconds }, again] = firsts;
  process.send({ adapter: device.name, loading, firstSeconds: seconds, laterSeconds: again.seconds });
  device.close();
}

/** Seconds of loading weights and compiling, and from there to the pictures of the first block. */
async function firstBlock(device, folder, preset) {
  const frames = 1 + 4 * (BLOCKS * folder.config.sampling.frames_per_block - 1);
  const request = { ...DEMO, preset, frames, trim: false }; // planned first, as the command line does
  let loaded;
  let started;
  for await (const event of generate(device, folder, request)) {
    if (event.kind === 'stage' && event.stage === 'weights') loaded = performance.now();
    if (event.kind === 'stage' && event.stage === 'rollout') {
      await device.synchronize(); // the weights are there, and kernels are compiled as far as the plan knew them
      started = performance.now();
    }
    if (event.kind === 'frames') {
      return { loading: (started - loaded) / 1e3, seconds: (performance.now() - started) / 1e3 };
    }
  }
}
