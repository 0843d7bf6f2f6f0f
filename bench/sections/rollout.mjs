// The toy world with and without TokenTrim, block by block. Runs take turns, so that what disturbs one disturbs all.
// Wall-clock time, pictures included. A traced run is compared with the same run untraced.
import { options } from '../support/open.mjs';
import { Report } from '../support/report.mjs';
import { median, spread } from '../support/statistics.mjs';
import { ToyRun } from '../support/toyRun.mjs';

const BLOCKS = Number(options.blocks ?? 40);
const SKIPPED = 8; // blocks until windows are full and nothing is compiled any more
const RUNS = [
  { name: 'without TokenTrim', trim: false },
  { name: 'TokenTrim, nothing triggered', trim: { sensitivity: 1e6 } },
  { name: 'the same, traced', trim: { sensitivity: 1e6 }, isTraced: true, beside: 1 },
  { name: "TokenTrim, the paper's settings", trim: {} },
  { name: 'TokenTrim, first step', trim: { check: 'first-step' } },
];

const sum = (values) => values.reduce((total, value) => total + value, 0);
const report = new Report(`toy world, ${BLOCKS} blocks, 0.75 s of video each`);
let adapter;
for (const preset of ['self-forcing', 'rolling-forcing']) {
  const runs = [];
  for (const { name, beside = 0, ...how } of RUNS) {
    runs.push(Object.assign(await ToyRun.open({ preset, blocks: BLOCKS, ...how }), { name, beside }));
  }
  for (let block = 0; block < BLOCKS; block++) {
    const turn = block % runs.length;
    for (const run of [...runs.slice(turn), ...runs.slice(0, turn)]) await run.next();
    globalThis.gc?.();
  }
  for (const run of runs) {
    const { name, seconds, triggered } = run;
    const steady = seconds.slice(SKIPPED);
    const plain = runs[run.beside];
    const ratio = ratioOf(run, plain, 'seconds');
    const processorRatio = ratioOf(run, plain, 'processorSeconds');
    report.add({
      name: `${preset}, ${name}`,
      seconds: median(steady),
      spread: spread(steady),
      repeats: steady.length,
      ...{ ratio, processorRatio, triggered },
      note: `${ratio.toFixed(3)} of ${plain.name} (processor time ${processorRatio.toFixed(3)}), triggered in ${triggered}`,
    });
    adapter = run.device.name;
    await run.close();
  }
}
report.send({ adapter, clock: 'wall-clock time' });
process.exit();

/** A run that never generates a block again is compared block by block, one that does as a whole. */
function ratioOf(run, plain, of) {
  if (run.triggered > 0) return sum(run[of].slice(1)) / sum(plain[of].slice(1));
  return median(run[of].slice(SKIPPED).map((value, index) => value / plain[of][SKIPPED + index]));
}
