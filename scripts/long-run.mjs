// A long video made by a program that is killed (SIGKILL) on the way and told again, with its memory written down: whether it
// goes on, whether memory is flat, whether the video is whole. `npm run build` before.
//
//   node scripts/long-run.mjs /tmp/hour --frames 57597 --kills 3     an hour of video at 16 frames a second
//   node scripts/long-run.mjs /tmp/short --frames 1917 --kills 3 --compare     and the same run without kills, byte for byte
//
// DIR has hour.mp4, hour.safetensors (latents) and memory.jsonl, a line a minute: resident and device bytes.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from 'mediabunny';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    frames: { type: 'string', default: '57597' },
    kills: { type: 'string', default: '3' },
    every: { type: 'string', default: '60' }, // seconds between two lines of memory.jsonl
    preset: { type: 'string', default: 'self-forcing' },
    compare: { type: 'boolean', default: false },
  },
});
const folder = resolve(positionals[0] ?? 'long-run');
const program = fileURLToPath(new URL('../bin/tokentrim.js', import.meta.url));
const frames = Number(values.frames);
const kills = Number(values.kills);
const prompt = 'a red circle bounces left and right on a navy background';
mkdirSync(folder, { recursive: true });
const memoryLog = join(folder, 'memory.jsonl');
writeFileSync(memoryLog, '');

const began = Date.now();
const minutes = () => Number(((Date.now() - began) / 60_000).toFixed(2));

/** Bytes in memory, and their most so far. */
function resident(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/**
 * Runs the program once.
 * @param killAt pictures after which it is killed
 */
async function run(name, leg, killAt = Number.POSITIVE_INFINITY) {
  const files = ['--out', join(folder, `${name}.mp4`), '--save-latents', join(folder, `${name}.safetensors`)];
  const state = name === 'hour' ? ['--resume', join(folder, 'state')] : ['--no-resume'];
  const asked = ['--frames', `${frames}`, '--preset', values.preset, ...files, ...state];
  const child = spawn(process.execPath, [program, 'generate', prompt, ...asked, '--progress', 'json', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let done = 0;
  let blocks = 0;
  let gpuBytes = 0;
  const write = () => {
    const line = { run: name, leg, minutes: minutes(), frames: done, blocks, gpuBytes };
    try {
      appendFileSync(memoryLog, `${JSON.stringify({ ...line, ...resident(child.pid) })}\n`);
    } catch {} // it has just ended
  };
  const timer = setInterval(write, Number(values.every) * 1000);
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.startsWith('{')) continue;
    const event = JSON.parse(line);
    if (event.event === 'note') console.log(`${minutes()} min: ${event.text}`);
    if (event.event === 'error') console.log(`${minutes()} min: ${event.message}`);
    if (event.event === 'block') {
      blocks = event.decision.index + 1;
      gpuBytes = event.gpuBytes;
    }
    if (event.event === 'frames') done = event.done;
    if (done >= killAt && !child.killed) {
      write();
      child.kill('SIGKILL');
      console.log(`${minutes()} min: killed after ${done} frames`);
    }
  }
  clearInterval(timer);
  const status =
    child.exitCode ??
    child.signalCode ??
    (await new Promise((end) => child.once('exit', (code, signal) => end(code ?? signal))));
  return { status, report: output === '' ? undefined : JSON.parse(output) };
}

/** The packets of a video's track, all of them read. */
async function packets(path) {
  const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const track = await input.getPrimaryVideoTrack();
  let count = 0;
  for await (const packet of new EncodedPacketSink(track).packets()) count += packet.byteLength > 0 ? 1 : 0;
  const seconds = await track.computeDuration();
  input.dispose();
  return { count, seconds };
}

let report;
for (let leg = 0; leg <= kills; leg++) {
  // Spread over the video, and at no round places.
  const killAt = leg < kills ? Math.floor((frames * (leg + 0.9)) / (kills + 0.7)) : undefined;
  const { status, report: told } = await run('hour', leg, killAt);
  console.log(`${minutes()} min: leg ${leg} ended with ${status}`);
  if (leg === kills && status !== 0) process.exit(1);
  report = told;
}
const made = await packets(join(folder, 'hour.mp4'));
console.log(`hour.mp4: ${made.count} of ${frames} frames, ${made.seconds.toFixed(2)} s`);
console.log(
  `${report.blocks.filter(({ attempts }) => attempts > 1).length} of ${report.blocks.length} blocks made again`,
);
console.log(
  `${minutes()} minutes in all; device memory at most ${report.peakGpuBytes} bytes (planned ${report.memory.peakBytes})`,
);
let isSame = made.count === frames;
if (values.compare) {
  await run('whole', 0);
  for (const ending of ['mp4', 'safetensors']) {
    const same = readFileSync(join(folder, `hour.${ending}`)).equals(readFileSync(join(folder, `whole.${ending}`)));
    console.log(`.${ending}: ${same ? 'the same bytes as' : 'OTHER BYTES THAN'} without kills`);
    isSame &&= same;
  }
}
process.exitCode = isSame ? 0 : 1;
