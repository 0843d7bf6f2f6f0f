import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRun, runFile, writeRun } from '../../../src/node/compare/runFiles.js';
import { madeRecord } from '../../compare/support/madeRecords.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokentrim-runs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record = madeRecord({ arm: 'tokentrim', prompt: 'red', seed: '3', sharpness: 1 });

test('what was written is found again, where its plan is the same', async () => {
  expect(await readRun(folder, record, 'digest')).toBeUndefined();
  await writeRun(folder, record);
  expect(readdirSync(folder, { recursive: true })).toContain(join('runs', 'self-forcing', 'tokentrim', 'red-3.json'));
  expect(await readRun(folder, record, 'digest')).toEqual(record);
  expect(await readRun(folder, record, 'another')).toBeUndefined();
});

test('a file that was cut off anywhere is as good as none, and is replaced', async () => {
  await writeRun(folder, record);
  const path = runFile(folder, record);
  const text = readFileSync(path, 'utf8');
  for (const length of [0, 1, 100, text.length - 2]) {
    writeFileSync(path, text.slice(0, length));
    expect(await readRun(folder, record, 'digest'), `${length} characters`).toBeUndefined();
  }
  await writeRun(folder, record);
  expect(await readRun(folder, record, 'digest')).toEqual(record);
  expect(readdirSync(join(path, '..'))).toEqual(['red-3.json']);
});
