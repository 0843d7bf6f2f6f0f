import fc from 'fast-check';
import { encodeHeader } from '../../../src/weights/safetensors/encodeHeader.js';
import { openShards } from '../../../src/weights/safetensors/shards.js';
import { memoryBytes } from '../../weights/memoryBytes.js';
import { readSome } from '../support/readSome.js';
import { type FuzzTarget, jsonOf, textOf } from '../support/target.js';

const shardOf = (name: string) =>
  Buffer.concat([encodeHeader(name, [{ name, dtype: 'U8', shape: [2], byteLength: 2 }]), Buffer.alloc(2)]);
const SHARDS = new Map([
  ['one.safetensors', shardOf('a')],
  ['two.safetensors', shardOf('b')],
]);
const files = fc.constantFrom(
  ...SHARDS.keys(),
  '../one.safetensors',
  '/one.safetensors',
  '..\\one.safetensors',
  '__proto__',
);

export default {
  kind: 'json',
  words: ['weight_map', 'one.safetensors', '../two.safetensors', 'a', 'b', '__proto__'],
  seeds: async () => [
    jsonOf({ metadata: { total_size: 4 }, weight_map: { a: 'one.safetensors', b: 'two.safetensors' } }),
  ],
  grammar: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'c'), files).map((map) => jsonOf({ weight_map: map })),
  async run(bytes) {
    const source = await openShards(textOf(bytes), 'index.json', async (shard) => {
      if (/[/\\]/.test(shard)) throw new Error(`${shard} leads out of the folder`);
      const found = SHARDS.get(shard);
      return found && memoryBytes(shard, found);
    });
    await readSome(source);
  },
} satisfies FuzzTarget;
