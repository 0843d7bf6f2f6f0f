import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PlannedFile } from '../../src/synthesize/plan.js';
import { synthesize } from '../../src/synthesize/synthesize.js';
import { temporaryFolder } from '../weights/temporary.js';

const text = (path: string, contents: string): PlannedFile => ({
  path,
  byteLength: contents.length,
  write: (file) => file.append(Buffer.from(contents)),
});
const broken: PlannedFile = {
  path: 'deep/er/broken',
  byteLength: 4,
  async write(file) {
    await file.append(Buffer.from('half'));
    throw new Error('a bug');
  },
};

const tree = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

test('all files or none: a failure leaves the folder as it was', async () => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'mine'), 'mine');
  await expect(synthesize(folder, [text('new/first', 'first'), broken])).rejects.toThrow('a bug');
  expect(tree(folder)).toEqual(['mine']);
  await synthesize(folder, [text('new/first', 'first'), text('second', 'second')]);
  expect(tree(folder)).toEqual(['mine', 'new', 'new/first', 'second']);
});

test('a folder that was not there is gone again', async () => {
  const folder = await temporaryFolder();
  await expect(synthesize(join(folder, 'a', 'b'), [text('c/d', 'd'), broken])).rejects.toThrow('a bug');
  expect(tree(folder)).toEqual([]);
});

test('an interrupt leaves nothing', async () => {
  const folder = await temporaryFolder();
  const interrupt = new AbortController();
  const endless: PlannedFile = {
    path: 'endless',
    byteLength: 1000,
    async write(file) {
      for (let piece = 0; ; piece++) {
        await file.append(Buffer.alloc(10));
        if (piece === 5) interrupt.abort();
      }
    },
  };
  const { signal } = interrupt;
  await expect(synthesize(folder, [endless], { signal })).rejects.toThrow('aborted');
  expect(tree(folder)).toEqual([]);
});

test('files that are there stay, unless --force says otherwise', async () => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'taken'), 'mine');
  const files = [text('free', 'free'), text('taken', 'new')];
  await expect(synthesize(folder, files)).rejects.toThrow(/taken: it is there already, .*--force/);
  expect(tree(folder)).toEqual(['taken']);
  await synthesize(folder, files, { force: true });
  expect(readFileSync(join(folder, 'taken'), 'utf8')).toBe('new');

  mkdirSync(join(folder, 'folder'));
  await expect(synthesize(folder, [text('folder', '')], { force: true })).rejects.toThrow('it is a folder');
  await expect(synthesize(join(folder, 'taken'), files)).rejects.toThrow('expected a folder, found a file');
});

test('a disk without room is refused before anything is written', async () => {
  const folder = await temporaryFolder();
  const huge = { ...broken, byteLength: 1e18 };
  await expect(synthesize(join(folder, 'new'), [huge])).rejects.toThrow(
    /1000000000\.0 GB are needed, the disk has [\d.]+ .?B left: free some/,
  );
  expect(tree(folder)).toEqual([]);
});
