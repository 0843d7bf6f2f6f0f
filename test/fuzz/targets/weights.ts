import { readZipDirectory } from '../../../src/node/files/zipDirectory.js';
import { openTensors } from '../../../src/weights/openTensors.js';
import { memoryBytes } from '../../weights/memoryBytes.js';
import { readSome } from '../support/readSome.js';
import { bytesOf, type FuzzTarget } from '../support/target.js';
import { legacySeeds, zipSeeds } from '../support/torchSeeds.js';
import safetensors from './safetensors.js';

const STRANGERS = [
  'GGUF\x03\0\0\0',
  '<!doctype html><html>',
  '{"error":"Repository not found"}',
  'version https://git-lfs.github.com/spec/v1\nsize 9\n',
];

export default {
  kind: 'binary',
  words: STRANGERS,
  seeds: async () => [
    ...(await safetensors.seeds()),
    ...(await zipSeeds()),
    ...legacySeeds(),
    ...STRANGERS.map(bytesOf),
  ],
  run: async (bytes) => readSome(await openTensors(memoryBytes('a file', bytes), readZipDirectory)),
} satisfies FuzzTarget;
