import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STOPS } from '../../scripts/step/stops.mjs';
import { compiledFolder } from '../support/compiledFolder.js';
import { codeBlocks, root } from './documents.js';

// What the tour says of stepping, done to the letter: what it types is typed, and what it shows is there.

const tour = readFileSync(join(root, 'docs/TOUR.md'), 'utf8');
const recipe = codeBlocks(tour, '').find((block) => block.startsWith('$ npm run step\n')) ?? '';

/** Each command, the first being what starts it, with the lines that come before the next. */
const turns = recipe
  .split(/^(?:\$|debug>) /m)
  .slice(1)
  .map((turn) => turn.trimEnd().split('\n'))
  .map(([command, ...shown]) => ({ command, shown }));

let folder = '';
const running = new Set<ChildProcess>();
beforeAll(() => {
  folder = compiledFolder(['scripts/step.mjs', 'scripts/step']);
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(script: string, args: readonly string[] = []) {
  const child = spawn(process.execPath, [join(folder, script), ...args], { cwd: folder });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(output)));
  return { child, ended, output: () => output };
}

/** Without the columns, which depend on what else is on a line, and colours, of which there are none. */
const plain = (text: string) => text.replace(/[ \t]+/g, ' ');

describe('npm run step', () => {
  test('is what the tour types', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(scripts.step).toBe('node scripts/step.mjs');
    expect(turns[0].command).toBe('npm run step');
    expect(turns.length).toBeGreaterThan(10);
  });

  test('stops where the tour says, and shows what it shows', async () => {
    const { child, output, ended } = start('scripts/step.mjs');
    let read = 0;
    for (const { command, shown } of turns) {
      if (command !== 'npm run step') child.stdin.write(`${command}\n`);
      const isThere = () => {
        const fresh = plain(output().slice(read));
        const isStopped = !/^(c|npm run step)$/.test(command) || fresh.includes('break in ');
        return fresh.includes('debug> ') && isStopped && shown.every((line) => fresh.includes(plain(line)));
      };
      const from = performance.now();
      while (!isThere() && performance.now() - from < 60_000) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(isThere(), `after "${command}", of ${shown.join(' | ')}:\n${output().slice(read)}`).toBe(true);
      read = output().length;
    }
    child.stdin.write('.exit\n');
    await ended;
  });
});

test('without a debugger all nine are passed, and those of a review again when a block is made again', async () => {
  const output = await start('scripts/step/main.mjs', ['--block', '3']).ended;
  const passed = Array.from(output.matchAll(/^block (\d), stop (\d) of 9: (.*?)\. /gm), ([, ...found]) => found.join());
  const names = STOPS.map(({ name }, index) => `3,${index + 1},${name}`);
  expect(passed).toEqual([...names, ...names.slice(1, 7)]);
  expect(output).toContain('isAbnormal = true\n  mayIntervene = true');
  expect(output).toMatch(/block 3 is done: severity 15\.358, threshold 12\.202, made again: 15\.685/);
  expect(output).not.toMatch(/ = undefined| is not defined|planning/);
});

test('a block that there is not is refused', async () => {
  expect(await start('scripts/step/main.mjs', ['--block', '4']).ended).toContain(
    '--block must be a block of the rollout',
  );
});
