import { seedList, shard } from '../../../src/cli/compareLists.js';
import { TokenTrimError } from '../../../src/errors.js';
import { vbenchName } from '../../../src/measures/vbenchName.js';
import { parseHubName } from '../../../src/node/hub/resolveModel.js';
import { byteRange } from '../../../src/node/trace/byteRange.js';
import { checkFileName } from '../../../src/node/trace/traceNames.js';
import { bytesOf, type FuzzTarget, textOf } from '../support/target.js';

const PARSERS: readonly ((text: string) => unknown)[] = [
  seedList,
  shard,
  parseHubName,
  (text) => byteRange(text, 100),
  (text) => checkFileName(text, 'a trace'),
];

/** Short texts: names of files, ranges, lists. */
export default {
  kind: 'text',
  words: ['hf:', '@', '..', '/', '\\', 'bytes=', '0..4', ',', '.safetensors', '.webp', 'con', ' '.repeat(100)],
  seeds: async () =>
    ['hf:a/b@main/c', 'bytes=0-9', '0..4,7', '2/8', 'drift/0005.0.safetensors', 'a red circle'].map(bytesOf),
  run(bytes) {
    const text = textOf(bytes);
    const name = vbenchName(text, 0);
    if (/[/\\\0]|^\.\.?$/.test(name) || Buffer.byteLength(name) > 255) throw new Error(`${name} is no name`);
    for (const parse of PARSERS) {
      try {
        parse(text);
      } catch (error) {
        const isRefused =
          error instanceof TokenTrimError ||
          (error as Error).name === 'CommanderError' ||
          (error as { code?: string }).code === 'commander.invalidArgument';
        if (!isRefused) throw error;
      }
    }
  },
} satisfies FuzzTarget;
