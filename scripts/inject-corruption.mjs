// Known corruption of what the cache holds, and what the policies make of it. In runs of the toy world, tokens of one accepted
// block are disturbed before its keys and values are cached; the block in the video stays as it was. `npm run build` before.
//
//   node scripts/inject-corruption.mjs [--seeds 2] [--out docs/results/corruption.json]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generate, openDevice, openModelFolder, toyWorld, trimPolicy } from '../dist/index.js';
import { normal, uniforms } from './severitySeries.mjs';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '2' }, out: { type: 'string' } } });
const BLOCKS = 13;
/** Disturbed after it was accepted; the next one is the first that can show it. */
const BLOCK = 9;
const SIZE = 3; // latent frames of a block
const TOKENS = [5, 6];
const AMOUNTS = [4, 16]; // deviations of normal noise, in a space whose values deviate by about 1
const PRESETS = ['self-forcing', 'rolling-forcing'];
const POLICIES = ['baseline', 'tokentrim', 'adaptive', 'regenerate'];
const PROMPTS = [
  'a red circle bounces left and right on a navy background',
  'a blue ring moves in a circle on a gray background',
  'a green square stands still on a black background',
  'a yellow ring moves in a circle on a maroon background',
];

const device = await openDevice();
const model = await openModelFolder(toyWorld);

/** The run's latents, block by block, and where its policy intervened. */
async function run(preset, seed, name, amount) {
  let x0; // of the latest call
  let clean; // of the disturbed block
  let noise;
  const inner = name === 'again' ? againAt(BLOCK + 1) : trimPolicy({ height: 2, width: 2 }, optionsOf(name), seed);
  const policy = {
    check: inner.check,
    maxAttempts: inner.maxAttempts,
    get latest() {
      return inner.latest;
    },
    review: (block, candidate) => inner.review(block, candidate),
    async accept(block, latents) {
      if (block === BLOCK && clean) await overwrite(latents, clean); // the policy and the video have it as it was
      return inner.accept(block, latents);
    },
    dispose: () => inner.dispose(),
  };
  const blocks = [];
  const interventions = [];
  const request = { prompt: PROMPTS[seed % PROMPTS.length], preset, seed, frames: 1 + (BLOCKS * SIZE - 1) * 4 };
  for await (const event of generate(device, model, { ...request, decode: 'never', policy })) {
    if (event.kind === 'step') x0 = event.x0;
    if (event.kind === 'review' && event.again) interventions.push({ block: event.block, pruned: event.unstable });
    if (event.kind === 'review' && !event.again && event.block === BLOCK && amount > 0) {
      clean = Float32Array.from(await device.read(event.latents));
      noise ??= disturbance(event.latents.shape, seed);
      await overwrite(
        x0,
        clean.map((value, index) => value + amount * noise[index]),
      );
    }
    if (event.kind === 'block') blocks.push(Float32Array.from(await device.read(event.latents)));
  }
  return { blocks, interventions };
}

const optionsOf = (name) =>
  name === 'baseline' ? { maxRegenerations: 0 } : { policy: name, fraction: TOKENS.length / 16 };

/** Has one block made again and nothing pruned: how far fresh noise alone moves what follows. */
function againAt(wanted) {
  let isAsked = false;
  const inner = trimPolicy({ height: 2, width: 2 }, { maxRegenerations: 0 });
  return {
    ...inner,
    maxAttempts: 2,
    async review(block, candidate) {
      await inner.review(block, candidate);
      if (block !== wanted || isAsked) return [];
      isAsked = true;
      return 'again';
    },
  };
}

/** Puts values over the first frames of a tensor. */
async function overwrite(tensor, list) {
  const [, channels, height, width] = tensor.shape;
  const fresh = device.upload(list, [SIZE, channels, height, width]);
  device.updateRows(tensor, 0, fresh, 0, SIZE);
  await device.read(tensor); // before what was uploaded goes
  fresh.dispose();
}

/** Normal noise in the tokens' patches, and 0 elsewhere. */
function disturbance([frames, channels, height, width], seed) {
  const uniform = uniforms(seed);
  const list = new Float32Array(frames * channels * height * width);
  for (let index = 0; index < list.length; index++) {
    const [row, column] = [Math.floor(index / width) % height, index % width];
    const token = Math.floor(row / 2) * (width / 2) + Math.floor(column / 2);
    if (TOKENS.includes(token)) list[index] = normal(uniform);
  }
  return list;
}

/** Root mean square of the difference of two blocks. */
const distance = (left, right) =>
  Math.sqrt(left.reduce((sum, value, index) => sum + (value - right[index]) ** 2, 0) / left.length);

const mean = (list) =>
  list.length === 0 ? null : Number((list.reduce((sum, each) => sum + each, 0) / list.length).toFixed(3));
const after = [1, 2, 3].map((later) => BLOCK + later);
const results = [];
for (const preset of PRESETS) {
  const found = new Map();
  const note = (key, measured) => found.set(key, [...(found.get(key) ?? []), measured]);
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    const intact = await run(preset, seed, 'baseline', 0);
    const remade = await run(preset, seed, 'again', 0);
    const floor = after.map((block) => distance(remade.blocks[block], intact.blocks[block]));
    for (const amount of AMOUNTS) {
      const left = await run(preset, seed, 'baseline', amount);
      const damage = after.map((block) => distance(left.blocks[block], intact.blocks[block]));
      for (const policy of POLICIES) {
        const { blocks, interventions } = policy === 'baseline' ? left : await run(preset, seed, policy, amount);
        const hits = interventions.filter(({ block }) => after.includes(block));
        const [pruned] = hits.filter((hit) => hit.pruned.length > 0).map((hit) => hit.pruned);
        note(`${amount} ${policy}`, {
          isSeen: hits.length > 0,
          before: interventions.filter(({ block }) => block <= BLOCK).length,
          right: pruned && pruned.filter((token) => TOKENS.includes(token)).length / pruned.length,
          found: pruned && pruned.filter((token) => TOKENS.includes(token)).length / TOKENS.length,
          distance: after.map((block) => distance(blocks[block], intact.blocks[block])),
          damage,
          floor,
        });
      }
    }
    process.stderr.write(`${preset}, seed ${seed}\n`);
  }
  for (const [key, runs] of found) {
    const [amount, policy] = key.split(' ');
    const given = (list) => list.filter((each) => each !== undefined);
    results.push({
      preset,
      amount: Number(amount),
      policy,
      runs: runs.length,
      seen: runs.filter(({ isSeen }) => isSeen).length,
      alarmsBefore: mean(runs.map(({ before }) => before)),
      prunedThatWereInjected: mean(given(runs.map(({ right }) => right))),
      injectedThatWerePruned: mean(given(runs.map((each) => each.found))),
      distance: after.map((_, index) => mean(runs.map((each) => each.distance[index]))),
      damage: after.map((_, index) => mean(runs.map(({ damage }) => damage[index]))),
      freshNoiseAlone: after.map((_, index) => mean(runs.map(({ floor }) => floor[index]))),
    });
  }
}
for (const row of results) console.log(JSON.stringify(row));
if (values.out !== undefined) {
  const command = `node scripts/inject-corruption.mjs --seeds ${values.seeds}`;
  const rows = results.map((row) => `  ${JSON.stringify(row)}`).join(',\n');
  const setting = { command, blocks: BLOCKS, disturbed: { block: BLOCK, tokens: TOKENS }, blocksAfter: after };
  writeFileSync(values.out, `{\n "setting": ${JSON.stringify(setting)},\n "results": [\n${rows}\n ]\n}\n`);
}
await model.close();
device.close();
