// A child process of the tests: records a clip, says what it did, and must then exit without being told to.
// Arguments: path, width, height, frames, and "hang" to wait for ever in place of closing.
import { openFrameSink } from '../../../src/media/frameSink.js';
import { flatFrame } from './clips.js';

const [path, width, height, frames, hang] = process.argv.slice(2);
const format = { width: Number(width), height: Number(height), fps: 16 };
const sink = await openFrameSink(path, format);
const total = Number(frames);
let early = 0;
const frame = flatFrame([0, 80, 160], format.width, format.height);
for (let index = 0; index < total; index++) {
  frame.rgba.fill(index % 256, 0, frame.rgba.length / 2);
  await sink.write(frame);
  if (index === 8) early = process.memoryUsage.rss();
}
process.stdout.write(`${JSON.stringify({ early, late: process.memoryUsage.rss() })}\n`);
if (hang) setInterval(() => undefined, 1000);
else await sink.close();
