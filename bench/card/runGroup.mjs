// One group of bench/card/forms.mjs: node runGroup.mjs <root> <group> <seconds> [--small]; a line of JSON for everything found.
import fs, { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';
import { GROUPS } from './groups.mjs';
import { timedProblems } from './problems.mjs';

const [root, name, seconds, ...flags] = process.argv.slice(2);
const small = flags.includes('--small');
const began = performance.now();
const left = () => Number(seconds) - (performance.now() - began) / 1e3;
const load = (path) => import(pathToFileURL(`${root}/dist/${path}`).href);
const { kind, shapes = [], parts } = GROUPS[name];
let changes = []; // to the kernels' text
const readFile = fs.readFileSync;
fs.readFileSync = (...given) => {
  const contents = readFile(...given);
  return /\.matrix\w*\.wgsl$/.test(String(given[0])) ? changed(String(contents)) : contents;
};
syncBuiltinESMExports();

const { openDevice } = await load('node/openDevice.js');
const { ReferenceDevice } = await load('tensor/referenceDevice.js');
const { checkMatrixForm } = await load('kernels/forms/checkMatrixForm.js');
const { matrixChecks } = await load('kernels/forms/matrixChecks.js');
const { MATRIX_KERNELS } = await load('kernels/forms/matrixForm.js');
// An adapter without matrices can take part with them written out as loops, by a module that says how.
const emulation = process.env.TOKENTRIM_BENCH_EMULATION;
let gpu = await openDevice({ adapter: process.env.TOKENTRIM_ADAPTER });
if (emulation && existsSync(emulation)) Object.assign(gpu, (await import(pathToFileURL(emulation).href)).pretend(gpu));

const expected = new Map(); // what the twins make of each problem, which takes its time
const say = (found) => console.log(JSON.stringify(found));
const text = (shape) => Object.values(shape).join(' ');

if (kind === 'check') await check();
else if (kind === 'ceilings') await ceilings();
else if (parts) await tryParts();
else if (kind === 'others') await others();
else if (kind === 'every') await everyForm();
else await tryShapes();
process.exit(0);

/** What the program itself makes of the forms at start-up. */
async function check() {
  const { features } = gpu;
  const start = performance.now();
  const right = [...(await checkMatrixForm(gpu))];
  const took = (performance.now() - start) / 1e3;
  say({ kind: 'check', adapter: gpu.name, features, right, seconds: took });
  console.error(
    `${gpu.name}: ${JSON.stringify(features)}; right: ${right.join(', ') || 'none'}, in ${took.toFixed(1)} s`,
  );
}

async function tryShapes() {
  for (const kernel of MATRIX_KERNELS) gpu.forms.trusted.add(kernel);
  const kernels = kind === 'conv' ? ['causalConv3d', 'conv2d'] : [kind];
  const form = kind === 'half' ? 'half' : 'matrix';
  const problems = await timedProblems(root, gpu, kind, { small });
  for (const shape of shapes) {
    gpu.forms.shapes.set(kind, [shape]);
    if (kind === 'half' || kind === 'linear') gpu.forms.shapes.set('few', [shape]);
    let passed = gpu.features.matrices !== undefined; // without them there is nothing to check
    try {
      for (const kernel of kernels) {
        for (const [index, test] of matrixChecks(kernel, gpu).entries()) {
          passed = (await checkOne(`${kernel} ${index}`, test, form, shape)) && passed;
        }
      }
      console.error(`${passed ? 'ok  ' : 'FAIL'} ${name} ${text(shape)}`);
    } catch (error) {
      await sayFailed(error, { form, shape });
      continue;
    }
    for (const problem of problems) await time(problem, form, shape);
    if (left() < 2) break;
  }
}

/** Whether a form is not for an adapter, or not for a problem: nothing to run, and nothing wrong. */
function isAbsent({ message }) {
  return /form of this kernel is not for this shape on/.test(message);
}

/** Compares a form with the twin on one problem; whether it is right. */
async function checkOne(kernel, test, form, shape) {
  if (!expected.has(kernel)) expected.set(kernel, await valuesOf(new ReferenceDevice(), (on) => test.run(on)));
  const worst = worstOf(await valuesOf(gpu, (on) => test.run(on, form)), expected.get(kernel), test.scaleOf);
  const passed = worst <= test.tolerance;
  say({ kind: 'check', kernel, form, shape, worst, passed });
  if (!passed) console.error(`FAIL ${kernel} ${form} ${shape ? text(shape) : ''}: ${worst.toExponential(1)}`);
  return passed;
}

/** Says why a problem could not be run: an absent form is nothing wrong. */
async function sayFailed(error, what) {
  const passed = isAbsent(error) ? null : false;
  say({ kind: 'check', ...what, error: error.message, passed });
  if (passed === null) return;
  console.error(`FAIL ${name} ${what.shape ? text(what.shape) : what.kernel}: ${error.message.slice(0, 600)}`);
  await gpu.synchronize().catch(() => undefined);
}

/** Every form that an adapter has, as a run would choose its shape: right on small problems, and timed at real sizes. */
async function everyForm() {
  await checkMatrixForm(gpu);
  for (const kernel of ['linear', 'attention', 'causalConv3d', 'conv2d']) {
    for (const form of ['plain', 'subgroup', 'tiled', 'matrix', 'half']) {
      if (form === 'half' && kernel !== 'linear') continue;
      const checked = form === 'half' ? 'half' : kernel;
      const tests = matrixChecks(checked, gpu);
      for (const [index, test] of (small ? tests.slice(0, 1) : tests).entries()) {
        try {
          await checkOne(`${checked} ${index}`, test, form);
        } catch (error) {
          await sayFailed(error, { kernel: `${checked} ${index}`, form });
        }
      }
    }
  }
  for (const kernel of ['linear', 'attention', 'conv']) {
    const problems = await timedProblems(root, gpu, kernel, { small });
    for (const problem of small ? problems.slice(0, 1) : problems) {
      for (const form of ['tiled', 'matrix']) await time(problem, form);
      problem.free();
      if (left() < 2) return;
    }
  }
}

function changed(source) {
  return changes.reduce((text, [what, by]) => {
    const result = text.replace(what, by);
    if (result === text) throw new Error(`bench/card/groups.mjs: no ${what} in the kernel`);
    return result;
  }, source);
}

/** Times a kernel with parts of it taken away, each on a device of its own, which compiles anew. */
async function tryParts() {
  const whole = gpu;
  for (const [part, replaced] of [['whole', []], ...Object.entries(parts)]) {
    changes = replaced;
    gpu = await openDevice({ adapter: process.env.TOKENTRIM_ADAPTER });
    for (const kernel of MATRIX_KERNELS) gpu.forms.trusted.add(kernel);
    gpu.forms.shapes.set(kind, shapes);
    const problem = (await timedProblems(root, gpu, kind, { small })).at(kind === 'half' ? 1 : 0);
    await time({ ...problem, name: `${problem.name}, ${part}` }, kind === 'half' ? 'half' : 'matrix', shapes[0]);
    problem.free();
    gpu.close();
  }
  gpu = whole;
}

async function others() {
  await checkMatrixForm(gpu);
  for (const kernel of ['half', 'attention', 'conv']) {
    for (const problem of await timedProblems(root, gpu, kernel, { small })) {
      await time(problem, 'tiled');
      problem.free();
    }
  }
  for (const problem of await timedProblems(root, gpu, 'rows', { small })) await time(problem, problem.form);
}

async function ceilings() {
  const { u32 } = await load('tensor/device.js');
  const factor = gpu.upload(Uint32Array.of(0x2c002c00), [1]);
  const shapes = [0, 1, 2, 3].flatMap((LOADS) => [
    { SUBGROUPS: 4, ROWS: 4, COLUMNS: 4, LOADS },
    { SUBGROUPS: 8, ROWS: 4, COLUMNS: 2, LOADS },
    ...(LOADS === 0 ? [{ SUBGROUPS: 4, ROWS: 2, COLUMNS: 4, LOADS }] : []),
    { SUBGROUPS: 8, ROWS: 2, COLUMNS: 2, LOADS },
  ]);
  const [steps, workgroups] = small ? [16, 4] : [512, 528];
  for (const { LOADS, ...shape } of shapes) {
    const count = workgroups * shape.SUBGROUPS * shape.ROWS * shape.COLUMNS;
    const call = {
      kernel: '../../bench/ceilings/matrices',
      reads: [factor],
      output: [count * 256],
      params: [u32(steps)],
      overrides: { SUBGROUP: gpu.features.maxSubgroupSize, ...shape, LOADS },
    };
    const run = () => gpu.launch({ ...call, workgroups, twin: () => undefined });
    await time({ name: `ceiling, loads ${LOADS}`, operations: 8192 * count * steps, run }, 'matrix', shape);
  }
}

async function valuesOf(on, run) {
  const y = on.scope(() => run(on));
  try {
    return await on.read(y);
  } finally {
    y.dispose();
  }
}

function worstOf(values, expected, scaleOf) {
  let worst = 0;
  for (const [index, value] of values.entries()) {
    const off = Math.abs(value - expected[index]) / scaleOf(index);
    if (!(off <= worst)) worst = Number.isNaN(off) ? Infinity : off;
  }
  return worst;
}

async function burst(run, launches) {
  const start = performance.now();
  for (let time = 0; time < launches; time++) gpu.scope(() => void run());
  await gpu.synchronize();
  return (performance.now() - start) / 1e3;
}

/** Times a problem: once to compile, once to see how long it takes, then three times a tenth of a second. */
async function time({ name: problem, what, operations, bytes, prepare, run }, form, shape) {
  const label = `${problem.padEnd(22)} ${form.padEnd(7)} ${shape ? text(shape).padEnd(14) : ''}`;
  if (left() < 1) return console.error(`${label} no time left`);
  try {
    prepare?.();
    await gpu.synchronize();
    const first = await burst(() => run(form), 1);
    const once = await burst(() => run(form), 1);
    const launches = Math.max(1, Math.min(100, Math.round((small ? 0.02 : 0.1) / once)));
    const samples = [];
    while (samples.length < 3 && (samples.length === 0 || left() > 2)) {
      samples.push((await burst(() => run(form), launches)) / launches);
    }
    const found = [...samples].sort((a, b) => a - b)[samples.length >> 1];
    const [tflops, gbps] = [operations && operations / found / 1e12, bytes && bytes / found / 1e9];
    say({ kind: 'time', name: problem, what, form, shape, seconds: found, first, launches, samples, tflops, gbps });
    const rate = tflops ? `${tflops.toFixed(2)} TFLOP/s` : `${gbps?.toFixed(0)} GB/s`;
    console.error(
      `${label} ${(found * 1e3).toFixed(3).padStart(9)} ms ${rate.padEnd(16)} first ${first.toFixed(2)} s ${what ?? ''}`,
    );
  } catch (error) {
    if (isAbsent(error)) return;
    say({ kind: 'time', name: problem, form, shape, error: error.message });
    console.error(`${label} ${error.message.slice(0, 400)}`);
    await gpu.synchronize().catch(() => undefined);
  }
}
