// How long a model takes to load, against the speed of the disk itself, and what a short generation takes in memory.
// Usage: npm run build && node bench/load.mjs <model folder> [--preset self-forcing|rolling-forcing|wan] [--size 128]
//        [--frames 13] [--steps 1000,750,500,250] [--load-only]
// `node bin/tokentrim.js synthesize <folder> --like wan2.1-1.3b` makes a folder of the real size with random weights.
// As root on Linux the page cache is dropped before each reading; else files that were read lately come from memory.
import { open, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { freeTextEncoder } from '../dist/models/wan/text/encoderWeights.js';
import { streamTextEncoder } from '../dist/models/wan/text/streamTextEncoder.js';
import { encodePrompts } from '../dist/models/wan/text/umt5.js';
import { loadTransformer } from '../dist/models/wan/transformerWeights.js';
import { openModelFolder } from '../dist/node/model/modelFolder.js';
import { loadTokenizer } from '../dist/node/model/modelTexts.js';
import { openDevice } from '../dist/node/openDevice.js';
import { generate } from '../dist/pipelines/generate.js';
import { planMemory } from '../dist/pipelines/plan/planMemory.js';
import { weightTypes } from '../dist/pipelines/plan/weightTypes.js';
import { disposeAll } from '../dist/tensor/scope.js';

const PROMPT = 'a red circle bounces left and right on a navy background';
const CHUNK = 8 * 2 ** 20;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: 'string', default: 'self-forcing' },
    size: { type: 'string', default: '128' },
    frames: { type: 'string', default: '13' },
    steps: { type: 'string' },
    'load-only': { type: 'boolean', default: false },
  },
});
if (positionals.length !== 1) {
  console.error('usage: node bench/load.mjs <model folder> [--preset self-forcing] [--size 128] [--frames 13]');
  process.exit(1);
}

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
const folder = await openModelFolder(positionals[0]);
const { config } = folder;
const device = await openDevice();
const types = weightTypes(folder);
console.log(`adapter ${device.name}`);
for (const { part, path, recognised } of folder.parts) console.log(`${part} ${path}: ${recognised}`);
let isCold = await dropCaches();
console.log(isCold ? 'the page cache is dropped before each reading' : 'the page cache is left as it is');

await timed('DiT', folder.transformer, async () => {
  const model = await loadTransformer(device, folder.transformer, config.transformer, {
    weights: types.transformer,
    keys: types.keys,
  });
  await device.synchronize();
  disposeAll(model.weights);
  await device.synchronize();
});
const layers = folder.textEncoder.names().filter((name) => name.startsWith('blocks.'));
await timed(
  'umT5 layers, with a prompt through them',
  folder.textEncoder,
  async () => {
    const tokenizer = await loadTokenizer(folder.tokenizerPath);
    const prompt = tokenizer.encode(PROMPT, config.transformer.text_len);
    const encoder = await streamTextEncoder(device, folder.textEncoder, config.text_encoder, types.textEncoder);
    disposeAll(await encodePrompts(encoder, [prompt]));
    freeTextEncoder(encoder);
    await device.synchronize();
  },
  layers,
);
device.close();
if (!values['load-only']) await generation();
await folder.close();

/** Loads once, then reads the same file straight through in large pieces: what the disk gives. */
async function timed(what, source, load, names = source.names()) {
  const bytes = names.reduce((sum, name) => sum + source.info(name).byteLength, 0);
  await dropCaches();
  const seconds = await secondsOf(load);
  isCold = await dropCaches();
  const plain = await plainReading(source.label, bytes);
  const rate = bytes / seconds;
  console.log(
    `${what}: ${gigabytes(bytes)} in ${seconds.toFixed(1)} s, ${gigabytes(rate)}/s; the file read plainly ` +
      `${gigabytes(plain)}/s; ratio ${(rate / plain).toFixed(2)}`,
  );
}

async function secondsOf(task) {
  const start = performance.now();
  await task();
  return (performance.now() - start) / 1000;
}

/** Bytes a second of reading a file, up to `limit` bytes of it, in pieces and doing nothing else. */
async function plainReading(path, limit) {
  const file = await open(path).catch(() => undefined);
  if (!file) return Number.NaN; // several shards
  const buffer = Buffer.alloc(CHUNK);
  let read = 0;
  const seconds = await secondsOf(async () => {
    while (read < limit) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
  });
  await file.close();
  return read / seconds;
}

async function dropCaches() {
  try {
    await writeFile('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}

/** A short generation: its plan, and what it took. */
async function generation() {
  const fresh = await openDevice();
  const side = Number(values.size);
  const request = {
    prompt: PROMPT,
    preset: values.preset,
    frames: Number(values.frames),
    width: side,
    height: side,
    steps: values.steps?.split(',').map(Number),
    promptCache: false,
  };
  const plan = await planMemory(fresh, folder, request);
  let stageStart = performance.now();
  let stage = 'start';
  let frames = 0;
  const start = performance.now();
  for await (const event of generate(fresh, folder, { ...request, decode: plan.decode })) {
    if (event.kind === 'frames') frames += event.frames.length;
    if (event.kind === 'block') console.log(`  block ${event.block}: ${event.seconds.toFixed(1)} s`);
    if (event.kind !== 'stage') continue;
    if (stage !== 'start') console.log(`  ${stage}: ${((performance.now() - stageStart) / 1000).toFixed(1)} s`);
    stage = event.stage;
    stageStart = performance.now();
  }
  console.log(`  ${stage}: ${((performance.now() - stageStart) / 1000).toFixed(1)} s`);
  const { peakBytes } = fresh.memory;
  console.log(
    `${values.preset}, ${frames} frames of ${side}x${side} in ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
  console.log(
    `device memory: planned ${gigabytes(plan.peakBytes)}, taken ${gigabytes(peakBytes)} ` +
      `(${((peakBytes / plan.peakBytes - 1) * 100).toFixed(1)}%)`,
  );
  console.log(`process: at most ${gigabytes(await peakResident())} resident, on a processor device memory included`);
  fresh.close();
}

/** The most memory that this process ever held (Linux); now, elsewhere. */
async function peakResident() {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(status) ?? [];
  return kilobytes ? Number(kilobytes) * 1024 : process.memoryUsage().rss;
}
