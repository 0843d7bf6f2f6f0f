import { TokenTrimError } from '../../../src/errors.js';
import { readTar } from '../../../src/node/adapter/readTar.js';
import type { FuzzTarget } from '../support/target.js';

function entry(name: string, contents: string): Buffer {
  const block = Buffer.alloc(1024);
  block.write(name);
  block.write(contents.length.toString(8).padStart(11, '0'), 124);
  block.write('0', 156);
  block.write(contents, 512);
  return block;
}

/** The archive that SwiftShader comes in. */
export default {
  kind: 'binary',
  words: ['ustar', '00000000010', '-7777777777', '77777777777', '../'],
  seeds: async () => [Buffer.concat([entry('package/a.so', 'abc'), entry('package/b', ''), Buffer.alloc(1024)])],
  run(bytes) {
    let found = 0;
    try {
      for (const { contents } of readTar(Buffer.from(bytes))) found += contents.length;
    } catch (error) {
      throw /^tar archive/.test((error as Error).message) ? new TokenTrimError((error as Error).message) : error;
    }
    if (found > bytes.length) throw new Error('more than there is');
  },
} satisfies FuzzTarget;
