// Whether a block costs the same late in a video as early. A long run is brought to its late blocks, a second one to its
// early ones; then they take turns, so that a machine that slows down slows both.
import { options } from '../support/open.mjs';
import { Report } from '../support/report.mjs';
import { median, spread } from '../support/statistics.mjs';
import { ToyRun } from '../support/toyRun.mjs';

const LATE = Number(options.blocks ?? 100);
const EARLY = 20;
const COUNT = 21; // blocks that are compared
const AROUND = Math.floor(COUNT / 2);

const report = new Report(`toy world, blocks around ${LATE} against blocks around ${EARLY}`);
let adapter;
for (const preset of ['self-forcing', 'rolling-forcing']) {
  const blocks = LATE + COUNT + 10; // the last windows of a video are smaller
  const late = await ToyRun.open({ preset, blocks, trim: false });
  const early = await ToyRun.open({ preset, blocks, trim: false });
  for (let block = 0; block < LATE - AROUND; block++) await late.next();
  for (let block = 0; block < EARLY - AROUND; block++) await early.next();
  const peak = late.device.memory.peakBytes;
  for (let block = 0; block < COUNT; block++) {
    for (const run of block % 2 ? [late, early] : [early, late]) await run.next();
    globalThis.gc?.();
  }
  const compared = (of) => median(late[of].slice(-COUNT)) / median(early[of].slice(-COUNT));
  const ratio = compared('seconds');
  const processorRatio = compared('processorSeconds');
  const memory = peak / early.device.memory.peakBytes;
  report.add({
    name: `${preset}, block ${LATE}`,
    seconds: median(late.seconds.slice(-COUNT)),
    spread: spread(late.seconds.slice(-COUNT)),
    repeats: COUNT,
    ...{ ratio, processorRatio, memory },
    note: `${ratio.toFixed(3)} of block ${EARLY} (processor time ${processorRatio.toFixed(3)}), device memory ${memory.toFixed(3)}`,
  });
  adapter = late.device.name;
  await late.close();
  await early.close();
}
report.send({ adapter, clock: 'wall-clock time' });
process.exit();
