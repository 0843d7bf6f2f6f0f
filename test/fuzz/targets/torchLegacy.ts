import { openTorchFile } from '../../../src/weights/torch/torchFile.js';
import { memoryBytes } from '../../weights/memoryBytes.js';
import { readSome } from '../support/readSome.js';
import type { FuzzTarget } from '../support/target.js';
import { legacySeeds } from '../support/torchSeeds.js';

export default {
  kind: 'binary',
  words: ['storage', 'torch\nFloatStorage\n', 'ctorch._utils\n_rebuild_tensor_v2\n', 'cpu', 'little_endian'],
  seeds: async () => legacySeeds(),
  run: async (bytes) => readSome(await openTorchFile(memoryBytes('a file', bytes))),
} satisfies FuzzTarget;
