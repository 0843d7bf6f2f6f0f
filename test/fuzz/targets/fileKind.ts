import { join } from 'node:path';
import { fileKind } from '../../../src/media/fileKinds.js';
import { refuseKnown } from '../../../src/media/recogniseFile.js';
import { foreignFile, refuseForeign } from '../../../src/weights/foreignFile.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import { bytesOf, type FuzzTarget } from '../support/target.js';

const path = join(scratchFolder('kind'), 'file');
const put = scratchFile(path);

/** What a file is by its first bytes. */
export default {
  kind: 'binary',
  words: ['ftyp', 'mif1', 'avif', '<svg', '<!--', '-->', '<?xml', 'II*\0', 'MM\0*', '"error":"', 'not found'],
  seeds: async () => [
    ...[
      'II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0',
      '\0\0\0\x18ftypmif1\0\0\0\0mif1heic',
      'BM????\0\0\0\0',
      '\x89PNG\r\n\x1a\n',
    ].map((text) => Buffer.from(text, 'latin1')),
    ...[
      '<!-- a --> <svg>',
      '<!doctype html>',
      '{"message":"no"}',
      'version https://git-lfs.github.com/spec/v1\nsize 12',
      '',
    ].map(bytesOf),
  ],
  async run(bytes) {
    fileKind(Buffer.from(bytes));
    foreignFile(bytes.subarray(0, 512), bytes.length);
    put(bytes);
    await refuseKnown(path);
    refuseForeign(path, 'weights', bytes.subarray(0, 512), bytes.length);
  },
} satisfies FuzzTarget;
