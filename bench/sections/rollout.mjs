// The toy world, block by block: how long a block takes early and late in a video, with and without TokenTrim. Runs that
// are compared take turns block by block, so that what disturbs one disturbs all. Wall-clock time, pictures included.
// With --blocks 110 also: how blocks around 97 compare with those around 20.
import { generate } from '../../dist/pipelines/generate.js';
import { openDevice } from '../../dist/tensor/openDevice.js';
import { openModelFolder } from '../../dist/weights/modelFolder.js';
import { toyWorld } from '../../dist/weights/toyWorld.js';
import { isProcessor } from '../support/clock.mjs';
import { options } from '../support/open.mjs';
import { Report } from '../support/report.mjs';
import { median, spread } from '../support/statistics.mjs';

const BLOCKS = Number(options.blocks ?? 40);
const SKIPPED = 8; // blocks until windows are full and nothing is compiled any more
const EARLY = 20; // the block that late ones are compared with
const prompt = 'a red circle bounces left and right on a navy background';
const NEVER = { sensitivity: 1e6 };
const RUNS = {
  'without TokenTrim': false,
  'TokenTrim, nothing triggered': NEVER,
  "TokenTrim, the paper's settings": {},
  'TokenTrim, first step': { check: 'first-step' },
};

const sum = (values) => values.reduce((total, value) => total + value, 0);
const folder = await openModelFolder(toyWorld);
const { frames_per_block: size } = folder.config.sampling;
const frames = 1 + 4 * (BLOCKS * size - 1);
let head;
let onProcessor;
const report = new Report(
  `toy world, ${BLOCKS} blocks (${(frames / folder.config.sampling.fps).toFixed(0)} s of video)`,
);

for (const preset of ['self-forcing', 'rolling-forcing']) {
  const runs = [];
  for (const [name, trim] of Object.entries(RUNS)) {
    const device = await openDevice();
    head = { adapter: device.name, clock: 'wall-clock time' };
    onProcessor = isProcessor(device);
    const events = generate(device, folder, { prompt, seed: 24, preset, frames, trim, decode: 'during' });
    runs.push({ name, device, events, seconds: [], processorSeconds: [], triggered: 0, peaks: [] });
  }
  for (let block = 0; block < BLOCKS; block++) {
    const turn = block % runs.length;
    for (const run of [...runs.slice(turn), ...runs.slice(0, turn)]) await nextBlock(run);
    globalThis.gc?.();
  }
  const [plain] = runs;
  for (const run of runs) {
    const { name, seconds, triggered } = run;
    const steady = seconds.slice(SKIPPED);
    // A run that never generates a block again is compared block by block, one that does as a whole.
    const ratioOf = (of) =>
      triggered > 0
        ? sum(run[of].slice(1)) / sum(plain[of].slice(1))
        : median(run[of].slice(SKIPPED).map((value, index) => value / plain[of][SKIPPED + index]));
    // On a processor its own time: the wall's depends on what else runs there. The last blocks have smaller windows.
    const times = onProcessor ? run.processorSeconds : seconds;
    const late = median(times.slice(-20, -5)) / median(times.slice(EARLY - 7, EARLY + 8));
    const ratio = ratioOf('seconds');
    const processorRatio = ratioOf('processorSeconds');
    const memory = run.peaks.at(-6) / run.peaks[EARLY];
    const notes = [
      `${ratio.toFixed(3)} of without (processor time ${processorRatio.toFixed(3)})`,
      `triggered in ${triggered}`,
    ];
    if (BLOCKS > EARLY + 30)
      notes.push(
        `blocks up to ${BLOCKS - 6} took ${late.toFixed(3)} of those around ${EARLY}, memory ${memory.toFixed(3)}`,
      );
    const extra = { ratio, processorRatio, triggered, late, memory, note: notes.join(', ') };
    report.add({
      name: `${preset}, ${name}`,
      seconds: median(steady),
      spread: spread(steady),
      repeats: steady.length,
      ...extra,
    });
    run.device.close();
  }
}
await folder.close();
report.send(head);
process.exit();

/** Resumes a run until its next block is there, with its pictures. */
async function nextBlock(run) {
  const start = performance.now();
  const before = process.cpuUsage();
  for (;;) {
    const { value, done } = await run.events.next();
    if (done) return;
    if (value.kind === 'block' && value.decision?.triggered) run.triggered++;
    if (value.kind !== 'frames') continue;
    const { user, system } = process.cpuUsage(before);
    run.seconds.push((performance.now() - start) / 1e3);
    run.processorSeconds.push((user + system) / 1e6);
    run.peaks.push(run.device.memory.peakBytes);
    return;
  }
}
