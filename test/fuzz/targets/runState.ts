import { createHash } from 'node:crypto';
import { RunState } from '../../../src/pipelines/resume/runState.js';
import { packData, unpackData } from '../../../src/pipelines/resume/stateData.js';
import { MemoryState } from '../../support/memoryState.js';
import type { FuzzTarget } from '../support/target.js';

const FILES = ['run', 'note', 'state-1', 'blocks'] as const;
const DIGEST_BYTES = 32;

async function soundFiles(): Promise<Map<string, Uint8Array>> {
  const latents = { shape: [1, 1, 1, 2], dtype: 'f32', values: Float32Array.of(1, 2) };
  const block = await packData({
    block: 0,
    firstFrame: 0,
    latents,
    pruned: [Uint32Array.of(1)],
    decision: null,
    seconds: 1,
  });
  const blocks = { count: 1, bytes: block.length };
  const cache = {
    blocks: 1,
    frames: [{ frame: 0, slot: 0, stamp: 0, live: Uint32Array.of(0), rows: 'rows-1-0' }],
    freeSlots: [1],
  };
  const state = { next: 1, blocks, noise: { draws: 1 }, policy: null, flight: [], cache, sampling: null };
  const run = {
    version: 1,
    plan: {},
    adapter: { name: 'a', driver: 'b' },
    forms: { forced: null, chosen: [] },
    command: ['generate'],
  };
  return new Map([
    ['run', await packData(run)],
    ['note', await packData({ frames: 3 })],
    ['state-1', await packData(state)],
    ['blocks', block],
  ]);
}

/** A file of a run's state, which the first byte names, with the digest that belongs to it. */
export default {
  kind: 'binary',
  words: ['$array', '"at":', '"length":', 'Float32Array', 'Uint8Array', '"command":', '__proto__'],
  seeds: async () =>
    [...(await soundFiles()).values()].map((file, index) =>
      Buffer.concat([Buffer.from([index]), file.subarray(0, -DIGEST_BYTES)]),
    ),
  async run(bytes) {
    const body = Buffer.from(bytes.subarray(1));
    if (body.length >= 24) body.writeDoubleLE(body.length + DIGEST_BYTES, 16);
    const signed = Buffer.concat([body, createHash('sha256').update(body).digest()]);
    await unpackData(Uint8Array.from(signed));
    const store = new MemoryState();
    for (const [name, file] of await soundFiles()) store.files.set(name, file);
    store.files.set(FILES[(bytes[0] ?? 0) % FILES.length], Uint8Array.from(signed));
    const { saved, blocks } = await RunState.open(store);
    for await (const block of blocks.read())
      if (block.latents.shape.length !== 4) throw new Error('latents of another shape');
    if (saved && !Number.isSafeInteger(saved.next)) throw new Error('a state that is none');
  },
} satisfies FuzzTarget;
