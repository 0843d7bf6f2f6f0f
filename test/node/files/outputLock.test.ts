import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../../src/node/files/outputLock.js';

const support = (name: string) => fileURLToPath(new URL(name, import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const stale = { program: 'tokentrim', pid: 2 ** 30, started: '1', host: hostname(), boot: '', space: '' };

test('of many processes that find a stale lock at one moment, one gets it', async () => {
  for (let round = 0; round < 2; round++) {
    await writeFile(join(folder, '.video.mp4.lock'), JSON.stringify(stale));
    const at = Date.now() + 2500;
    const children = Array.from({ length: 6 }, () => {
      const args = ['--import', support('../../media/support/typescriptHooks.mjs'), support('takeLock.ts')];
      return spawn(process.execPath, [...args, join(folder, 'video.mp4'), String(at)]);
    });
    const ended = children.map((child) => once(child, 'close'));
    // The one that has it keeps it until all have answered, however long some took to start.
    const won = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0])));
    for (const { stdin } of children) stdin.end();
    await Promise.all(ended);
    expect(won.sort()).toEqual(['lost', 'lost', 'lost', 'lost', 'lost', 'won']);
    expect(await readdir(folder)).toEqual([]);
  }
});

test('one that was taken over is noticed', async () => {
  const lock = await takeLock(join(folder, 'video.mp4'), 'video.mp4');
  await lock.ensureHeld();
  const other = { ...JSON.parse(await readFile(join(folder, '.video.mp4.lock'), 'utf8')), pid: 1 };
  await writeFile(join(folder, '.video.mp4.lock'), JSON.stringify(other));
  await expect(lock.ensureHeld()).rejects.toThrow('another run (process 1) is writing it');
  await lock.release();
});
