// What the KV cache holds after a block was made again: which rows, of which frames, of which tokens.
//
//   npm ci && node examples/dump-cache.mjs

import { acceptAll, decision, generate, openDevice, openModelFolder, toyWorld } from 'tokentrim';

/** Tokens of the grid's middle, which block 1 is made again without. */
const PRUNED = [5, 6, 9, 10];

/**
 * Accepts every block but the second, which is made twice.
 * @returns {import('tokentrim').Policy}
 */
function secondTwice() {
  let attempts = 0;
  return {
    ...acceptAll,
    review: async (block) => (++attempts === 1 && block === 1 ? PRUNED : []),
    async accept(block) {
      const made = decision({ block, attempts, unstable: block === 1 ? PRUNED : null });
      attempts = 0;
      return made;
    },
  };
}

/**
 * A line for each cached frame: its rows, and its tokens as the grid has them, a dot for one that was pruned.
 * @param {import('tokentrim').KvCache} cache
 */
function dump(cache) {
  const { tokensPerFrame } = cache.options;
  const side = Math.round(Math.sqrt(tokensPerFrame));
  const live = cache.liveRows();
  for (const { frame, tokens } of cache.frames) {
    const held = live.filter((entry) => entry.frame === frame);
    const there = new Set(held.map(({ token }) => token));
    const grid = Array.from({ length: tokensPerFrame }, (_, token) => (there.has(token) ? '#' : '.')).join('');
    const lines = grid.match(new RegExp(`.{${side}}`, 'g')) ?? [];
    const rows = held.map(({ row }) => row);
    console.log(
      `  frame ${frame}: ${lines.join(' ')}  ${tokens} of ${tokensPerFrame} tokens, rows ${Math.min(...rows)} to ${Math.max(...rows)}`,
    );
  }
}

const device = await openDevice();
const model = await openModelFolder(toyWorld);
const prompt = 'a green square stands still on a black background';
for await (const event of generate(device, model, { prompt, seed: 1, frames: 21, policy: secondTwice })) {
  if (event.kind !== 'block' || !event.cache) continue;
  console.log(`after block ${event.block}, made ${event.decision?.attempts} times:`);
  dump(event.cache);
}
await model.close();
device.close();
