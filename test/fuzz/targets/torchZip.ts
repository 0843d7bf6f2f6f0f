import { readZipDirectory } from '../../../src/node/files/zipDirectory.js';
import { openTorchFile } from '../../../src/weights/torch/torchFile.js';
import { memoryBytes } from '../../weights/memoryBytes.js';
import { readSome } from '../support/readSome.js';
import type { FuzzTarget } from '../support/target.js';
import { zipSeeds } from '../support/torchSeeds.js';

export default {
  kind: 'binary',
  words: [
    'archive/data.pkl',
    'archive/data/0',
    '../',
    'PK\x01\x02',
    'PK\x03\x04',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
  ],
  seeds: zipSeeds,
  run: async (bytes) => readSome(await openTorchFile(memoryBytes('a file', bytes), readZipDirectory)),
} satisfies FuzzTarget;
