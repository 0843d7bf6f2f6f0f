import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { openRunState, StateFolder } from '../../../src/node/resume/stateFolder.js';

const home = mkdtempSync(join(tmpdir(), 'tokentrim-state-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let path = '';
let count = 0;
beforeEach(() => {
  path = join(home, `state${count++}`);
});

const bytes = (...values: number[]) => Uint8Array.from(values);

test('what is written is read back; a file that grows is cut back to where it goes on', async () => {
  const folder = await StateFolder.open(path);
  await folder.write('state-1', bytes(1, 2, 3));
  await folder.append('blocks', 0, bytes(1, 2, 3, 4));
  await folder.append('blocks', 2, bytes(9));
  expect(await folder.read('state-1')).toEqual(bytes(1, 2, 3));
  expect(await folder.read('blocks')).toEqual(bytes(1, 2, 9));
  expect(await folder.readAt('blocks', 1, 100)).toEqual(bytes(2, 9));
  expect(await folder.readAt('blocks', 50, 1)).toEqual(bytes());
  expect(await folder.read('rows-1-1')).toBeUndefined();
  expect((await folder.names()).sort()).toEqual(['blocks', 'state-1']);
  await folder.discard();
  expect(existsSync(path)).toBe(false);
});

test('a folder that was only opened leaves nothing', async () => {
  const { state, folder } = await openRunState(path);
  expect([state.run, state.saved]).toEqual([undefined, undefined]);
  await folder.close();
  expect(existsSync(path)).toBe(false);
});

test('another process, and a folder with other files, are refused, and nothing is changed', async () => {
  const folder = await StateFolder.open(path);
  await folder.write('run', bytes(1));
  await expect(StateFolder.open(path)).rejects.toThrow('is writing it already');
  await folder.close();
  writeFileSync(join(path, 'thesis.txt'), 'mine');
  await expect(StateFolder.open(path)).rejects.toThrow('it holds thesis.txt, which is no part of a state');
  expect(readdirSync(path).sort()).toEqual(['run', 'thesis.txt']);
});

test('a link in the place of a file leads nowhere', async () => {
  const outside = join(home, 'outside');
  writeFileSync(outside, 'secret');
  const folder = await StateFolder.open(path);
  symlinkSync(outside, join(path, 'run'));
  symlinkSync(outside, join(path, 'blocks'));
  expect(await folder.read('run')).toBeUndefined();
  await expect(folder.append('blocks', 0, bytes(1))).rejects.toThrow(/Cannot write/);
  await folder.write('run', bytes(7)); // replaces the link
  expect(await folder.read('run')).toEqual(bytes(7));
  const { readFileSync } = await import('node:fs');
  expect(readFileSync(outside, 'utf8')).toBe('secret');
  await folder.close();
});

test('a folder that holds no run that can be read is an error, not a run that begins', async () => {
  const folder = await StateFolder.open(path);
  await folder.write('state-3', bytes(1, 2, 3));
  await folder.close();
  await expect(openRunState(path)).rejects.toThrow('this is not the state of a run that this version knows');
});
