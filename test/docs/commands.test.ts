import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { codeBlocks, documents, root } from './documents.js';

const program = createProgram();

/** What needs no showing: what scripts of completion ask, and help. */
const isHidden = (command: Command) => ['complete', 'help'].includes(command.name());

/** Options by command, with the names that `--help` does not list. */
const OPTIONS = new Map(
  program.commands
    .filter((command) => !isHidden(command))
    .map((command) => {
      const options = [command, ...command.commands].flatMap((each) => each.options);
      const names = [...options.map(({ long }) => long), '--help'];
      return [command.name(), names] as const;
    }),
);
const everyOption = new Set([...OPTIONS.values()].flat());

/** Options of other programs that the text names: Hugging Face's hf, node, bench/run.mjs, npm, scripts/step.mjs and fuzz.mjs. */
const FOREIGN = [
  ...['--local-dir', '--enable-source-maps', '--inspect-brk'],
  ...['--match', '--blocks', '--tokens', '--ignore-scripts', '--omit', '--block', '--gradient', '--layers'],
  ...['--target', '--seconds'],
];

const read = (name: string) => readFileSync(join(root, name), 'utf8');

describe.each(documents)('%s', (name) => {
  const text = read(name);

  test('its tokentrim commands have the options they are given', () => {
    const wrong = Array.from(text.matchAll(/\btokentrim(?:\.js)? (\w+)((?: [^\n`]*)?)/g)).flatMap(
      ([, command, rest]) => {
        const known = OPTIONS.get(command);
        if (!known) return [];
        const options = rest.match(/(?<=\s)--[a-z-]+/g) ?? [];
        return options.filter((option) => !known.includes(option)).map((option) => `${command} ${option}`);
      },
    );
    expect(wrong).toEqual([]);
  });

  test('every option it names is one of tokentrim', () => {
    const named = text.match(/(?<=[\s`(])--[a-z][a-z-]+/g) ?? [];
    expect(named.filter((option) => !everyOption.has(option) && !FOREIGN.includes(option))).toEqual([]);
  });
});

describe('README.md', () => {
  const commands = codeBlocks(read('README.md'), 'sh');

  test('gives the two commands, each in a block of its own', () => {
    expect(commands).toContain('npm ci && npm run demo\n');
    expect(commands).toContain('npm test\n');
  });

  test('shows every command of the program', () => {
    const shown = commands.join('').matchAll(/^node bin\/tokentrim\.js (\w+)/gm);
    expect(new Set(Array.from(shown, ([, command]) => command))).toEqual(new Set(OPTIONS.keys()));
  });

  test('the demo writes the file that the text says', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(scripts.demo).toMatch(/ generate .* --out demo\.mp4 --report demo\.html$/);
    expect(scripts.demo).not.toContain('--no-trim');
  });

  test('its parity case is there', () => {
    const [, folder] = /tokentrim\.js parity (\S+)/.exec(commands.join('')) ?? [];
    expect(existsSync(join(root, folder, 'case.json'))).toBe(true);
  });
});
