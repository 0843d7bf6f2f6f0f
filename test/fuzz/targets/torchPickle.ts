import fc from 'fast-check';
import { Opaque } from '../../../src/weights/torch/pickleValue.js';
import { unpickle } from '../../../src/weights/torch/unpickle.js';
import { pickle } from '../../weights/torch/pickleWriter.js';
import type { FuzzTarget } from '../support/target.js';
import { root } from '../support/torchSeeds.js';

const OPCODES = [
  ...'(.012NIJKMLGTUVXQRcibadeqhjrtlsuo)]}\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x93\x94\x95\x96B',
];
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...OPCODES).map((letter) => Buffer.from(letter, 'latin1')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('\x8c\x01a', 'K\x07', 'q\0', 'h\0', 'ctorch\nFloatStorage\n')
      .map((text) => Buffer.from(text, 'latin1')),
  },
);

export default {
  kind: 'binary',
  words: [
    'ctorch._utils\n_rebuild_tensor_v2\n',
    'ccollections\nOrderedDict\n',
    'cos\nsystem\n',
    'c__builtin__\neval\n',
    '__proto__',
  ],
  seeds: async () => [pickle(root, 2), pickle(root, 4)],
  grammar: fc
    .array(piece, { maxLength: 200 })
    .map((pieces) => Buffer.concat([Buffer.from([0x80, 2]), ...pieces, Buffer.from('.')])),
  run(bytes) {
    unpickle(bytes, 0, { label: 'a pickle', storage: () => new Opaque('a storage') });
  },
} satisfies FuzzTarget;
