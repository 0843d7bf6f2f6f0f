// A sampler of one's own: Self Forcing's loop, but one noise for each block, put back after every step.
//
//   npm ci && node examples/own-sampler.mjs sampled.mp4

import {
  addNoise,
  blockCall,
  cleanPrompt,
  createSchedule,
  decodeLatents,
  denoisingTimesteps,
  encodePrompt,
  KvCache,
  loadTextEncoder,
  loadTokenizer,
  loadTransformer,
  openDevice,
  openFrameSink,
  openModelFolder,
  planRollout,
  predictFlow,
  prepareContext,
  TorchGenerator,
  tokenGrid,
  toyWorld,
  x0FromFlow,
} from 'tokentrim';

const PROMPT = 'a blue ring moves in a circle on a gray background';
const device = await openDevice();
const folder = await openModelFolder(toyWorld);
const { transformer: config, text_encoder: textConfig, sampling } = folder.config;

// The prompt, once for the whole video.
const tokenizer = await loadTokenizer(folder.tokenizerPath);
const { ids, length } = tokenizer.encode(cleanPrompt(PROMPT), config.text_len);
const encoder = await loadTextEncoder(device, folder.textEncoder, textConfig, 'f32');
const model = await loadTransformer(device, folder.transformer, config, { weights: 'f32', keys: 'f32' });
const context = prepareContext(model, await encodePrompt(encoder, ids, length));

// The numbers of the run: 9 pictures are 3 latent frames, one block.
const plan = planRollout(folder.config, { frames: 21 });
if (plan.preset === 'wan') throw new Error('the bidirectional model has no blocks');
const { frames, framesPerBlock: size, latent } = plan;
const schedule = createSchedule(plan.shift);
const timesteps = denoisingTimesteps(schedule, plan);
const shape = [size, config.in_dim, latent.height, latent.width];
const blockSize = shape.reduce((product, length) => product * length, 1);
const { tokensPerFrame } = tokenGrid(config, latent);
const cache = new KvCache(device, {
  layers: config.num_layers,
  dim: config.dim,
  tokensPerFrame,
  capacity: frames,
  sink: 0,
});

const generator = new TorchGenerator(1);
const video = new Float32Array((frames / size) * blockSize);
for (let first = 0; first < frames; first += size) {
  cache.reserve(first, size);
  /** @type {(latents: import('tokentrim').Tensor, timestep: number) => import('tokentrim').Tensor} */
  const predict = (latents, timestep) =>
    predictFlow(model, latents, Array(size).fill(timestep), first, context, blockCall(cache, first, size));

  const noise = device.upload(generator.randn(blockSize), shape);
  let noisy = noise; // x_t
  for (const [step, timestep] of timesteps.entries()) {
    const x0 = device.scope(() => x0FromFlow(schedule, noisy, predict(noisy, timestep), Array(size).fill(timestep)));
    if (noisy !== noise) noisy.dispose();
    const next = timesteps[step + 1];
    noisy = next === undefined ? x0 : addNoise(schedule, x0, noise, next);
    if (noisy !== x0) x0.dispose();
  }
  device.scope(() => void predict(noisy, plan.contextNoise)); // once more, clean: its keys and values stay in the cache
  video.set(await device.read(noisy), (first / size) * blockSize);
  for (const tensor of [noise, noisy]) tensor.dispose();
  console.log(`frames ${first} to ${first + size - 1} of ${frames}`);
}

const sink = await openFrameSink(process.argv[2] ?? 'sampled.mp4', { ...plan.pixel, fps: sampling.fps });
const latents = device.upload(video, [frames, ...shape.slice(1)]);
for await (const picture of decodeLatents(device, folder, latents)) await sink.write(picture);
await sink.close();
console.log(`wrote ${sink.path}`);
await folder.close();
device.close();
