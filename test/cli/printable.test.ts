import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from '../../src/cli/printable.js';
import { useProgram } from './program.js';

const program = useProgram();

/** What a terminal obeys, but for the ends of lines and tabs. */
const OBEYED = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u;

test('nothing is left that a terminal obeys, and the rest is as it was; a JSON text means the same', () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom('\u001b', '\u009b', '\r', '\u202e', '\n', '\t', '\\', 'é'), fc.string()),
  });
  fc.assert(
    fc.property(text, (given) => {
      const shown = printable(given);
      expect(shown).not.toMatch(OBEYED);
      if (!OBEYED.test(given)) expect(shown).toBe(given);
      expect(JSON.parse(printable(JSON.stringify(given)))).toBe(given);
    }),
  );
  expect(printable('\u001b[2J\r\n\u009b')).toBe('\\u001b[2J\\u000d\n\\u009b');
});

test('commands write to the terminal through one page, which cleans', () => {
  const folder = new URL('../../src/cli/', import.meta.url);
  const allowed = ['completionCommand.ts', 'fail.ts', 'output.ts'];
  const direct = readdirSync(folder).filter((name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    return (
      /\b(?:stdout|stderr)\.write\((?!'[^'\\]*\\n'\))|console\.(?:log|error)\(/.test(text) && !allowed.includes(name)
    );
  });
  expect(direct).toEqual([]);
});

const EVIL = '\u001b]0;owned\u0007\u009b31m\u202e';

test.each<[string, readonly string[]]>([
  ['the name of a file, and what is in it', ['inspect', `a${EVIL}.safetensors`]],
  ['the same in JSON', ['inspect', `a${EVIL}.safetensors`, '--json']],
  ['an option', ['inspect', `--${EVIL}`]],
  ['a line of a schedule', ['generate', '--prompts-at', 'evil.txt', '--dry-run']],
])('is not obeyed: %s', async (_, args) => {
  const header = Buffer.from(
    JSON.stringify({ __metadata__: { [EVIL]: EVIL }, [EVIL]: { dtype: 'U8', shape: [0], data_offsets: [0, 0] } }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(program.path(`a${EVIL}.safetensors`), Buffer.concat([length, header]));
  writeFileSync(program.path('evil.txt'), `0: a${EVIL}\n1 ${EVIL}`);
  const { stdout, stderr } = await program.run(args);
  expect(stdout + stderr).toMatch(/\\u001b|\\u009b|\uFFFD/);
  expect(stdout + stderr).not.toMatch(OBEYED);
});
