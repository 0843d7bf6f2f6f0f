import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Claim } from '../../../src/batch/claims.js';
import { type Clip, clipKey } from '../../../src/batch/clips.js';
import { BatchFolder } from '../../../src/node/batch/batchFolder.js';
import { batchStatus } from '../../../src/node/batch/batchStatus.js';
import { claimFiles, openClaims } from '../../../src/node/batch/claimFiles.js';
import { readLists, registerClips } from '../../../src/node/batch/clipLists.js';
import { CLIP_VERSION, readRecord } from '../../../src/node/batch/clipRecord.js';
import { MP4_MARK } from '../../../src/node/files/ownFile.js';

let folder: BatchFolder;
beforeEach(async () => {
  folder = new BatchFolder(mkdtempSync(join(tmpdir(), 'tokentrim-batch-')));
  await folder.make();
});
afterEach(() => rmSync(folder.path, { recursive: true, force: true }));

const clip = (file: string, digest = 'd1'): Clip => ({ file, prompt: `of ${file}`, seed: '7', index: 0, digest });
const held: Claim = { clip: '', beat: async () => {}, isHeld: async () => true, release: async () => {} };
/** What this program would know for its own. */
const video = (text: string) => `\0\0\0\u0018ftypisom${MP4_MARK}${text}`;

async function publish(of: Clip, text: string, claim = held, force?: boolean) {
  const { path: made } = await folder.begin({ ...of, key: await clipKey(of.file) }, force);
  writeFileSync(made, video(text));
  const { pid } = process;
  const written = {
    version: CLIP_VERSION,
    program: 'tokentrim',
    worker: { pid, host: 'here' },
    ended: '2026',
  } as const;
  const run = { adapter: 'a', frames: 5, seconds: 2, blocks: 1, trimmed: [], plan: {} as never };
  return folder.publish(of, made, { ...written, ...of, ...run }, { claim, force });
}

test('a clip counts as finished while its record and its bytes say so', async () => {
  const one = clip('a red circle-0.mp4');
  expect(await folder.finished(one, true)).toBeUndefined();
  const record = await publish(one, 'pictures');
  expect(await folder.finished(one, true)).toEqual(record);
  expect(await folder.finished({ ...one, digest: 'd2' }, true)).toBeUndefined();
  expect(readdirSync(folder.part('videos'))).toEqual([one.file]);
  expect(readdirSync(folder.part('work'))).toEqual([]);

  writeFileSync(folder.video(one), video('pictureS'));
  expect(await folder.finished(one, false)).toBeDefined(); // the size alone
  expect(await folder.finished(one, true)).toBeUndefined();
  appendFileSync(folder.video(one), 'x');
  expect(await folder.finished(one, false)).toBeUndefined();
  await publish(one, 'pictures');
  expect(await folder.finished(one, true)).toEqual(record);
  writeFileSync(folder.record(one), readFileSync(folder.record(one), 'utf8').slice(0, 40));
  expect(await folder.finished(one, true)).toBeUndefined();
});

test('who was taken over changes nothing, and what was killed is swept away', async () => {
  const one = clip('a-0.mp4');
  const first = await publish(one, 'first');
  expect(await publish(one, 'late', { ...held, isHeld: async () => false })).toBeUndefined();
  expect(await folder.finished(one, true)).toEqual(first);
  const key = await clipKey(one.file);
  const other = await clipKey('b-0.mp4');
  for (const name of [`${key}-1.partial.mp4`, `.${key}-1.mp4.lock`, `${other}-1.mp4`]) {
    writeFileSync(join(folder.part('work'), name), '');
  }
  await folder.begin({ ...one, key });
  expect(readdirSync(folder.part('work'))).toEqual([`${other}-1.mp4`]);
});

test('what this program did not write is not replaced', async () => {
  const [foreign, place] = [clip('a-0.mp4'), clip('b-0.mp4')];
  writeFileSync(folder.video(foreign), 'holiday');
  await expect(publish(foreign, 'pictures')).rejects.toThrow('this program did not write it');
  expect(await publish(foreign, 'pictures', held, true)).toBeDefined();
  mkdirSync(folder.video(place));
  await expect(publish(place, 'pictures', held, true)).rejects.toThrow('it is no plain file');
});

test('of claims that come at once one is given, and the next when its process has ended', async () => {
  const place = folder.part('claims');
  const claims = await Promise.all(Array.from({ length: 20 }, () => openClaims(place, 60).take('key', 'a-0.mp4')));
  expect(claims.filter((claim) => claim)).toHaveLength(1);
  expect(await openClaims(place, 60).take('key', 'a-0.mp4')).toBeUndefined(); // this process is there
  const entry = JSON.parse(readFileSync(join(place, 'key.1'), 'utf8'));
  const dead = { ...entry, worker: { ...entry.worker, pid: 2 ** 22 - 1, started: '1' } };
  writeFileSync(join(place, 'key.2'), JSON.stringify(dead));
  const next = await Promise.all(Array.from({ length: 20 }, () => openClaims(place, 60).take('key', 'a-0.mp4')));
  expect(next.filter((claim) => claim)).toHaveLength(1);
  expect(await claims.find((claim) => claim)?.isHeld()).toBe(false);
  // Another machine's, and another start of a machine of this name: only their silence tells.
  for (const [number, other] of [{ host: 'elsewhere' }, { boot: 'another' }].entries()) {
    writeFileSync(join(place, `other${number}.1`), JSON.stringify({ ...dead, worker: { ...dead.worker, ...other } }));
    expect(await openClaims(place, 60).take(`other${number}`, 'a-0.mp4')).toBeUndefined();
  }
});

test('a sign of life is seen, and a torn entry is no error', async () => {
  const store = claimFiles(folder.part('claims'));
  expect(await store.create('a.1', 'text')).toBe(true);
  expect(await store.create('a.1', 'other')).toBe(false);
  const before = await store.read('a.1');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await store.beat('a.1');
  const after = await store.read('a.1');
  expect(after?.text).toBe('text');
  expect(after?.beat).toBeGreaterThan(before?.beat ?? 0);
  writeFileSync(join(folder.part('claims'), 'b.1'), '');
  expect(await openClaims(folder.part('claims'), 60).take('b', 'b.mp4')).toBeUndefined();
});

test('lists add up, and one that would make other clips of the same names is refused', async () => {
  await registerClips(folder, [clip('a-0.mp4'), clip('b-0.mp4')]);
  await registerClips(folder, [clip('b-0.mp4'), clip('c-0.mp4')]);
  expect([...(await readLists(folder)).keys()].sort()).toEqual(['a-0.mp4', 'b-0.mp4', 'c-0.mp4']);
  expect(JSON.parse(readFileSync(join(folder.path, 'vbench.json'), 'utf8'))).toEqual({
    'a-0.mp4': 'of a-0.mp4',
    'b-0.mp4': 'of b-0.mp4',
    'c-0.mp4': 'of c-0.mp4',
  });
  const other = [clip('c-0.mp4', 'd2')];
  await expect(registerClips(folder, other)).rejects.toThrow(
    '"c-0.mp4" is there, or is being made, with other options',
  );
  await registerClips(folder, other, true);
  expect((await readLists(folder)).get('c-0.mp4')?.digest).toBe('d2');
  // What is no list, or names files elsewhere, is passed over.
  const elsewhere = { version: 1, clips: [clip('../../etc-0.mp4')] };
  writeFileSync(join(folder.part('lists'), 'x.json'), JSON.stringify(elsewhere));
  writeFileSync(join(folder.part('lists'), 'y.json'), '{');
  expect([...(await readLists(folder)).keys()].some((file) => file.includes('etc'))).toBe(false);
});

test('the status says what is done, running, failed and left', async () => {
  await expect(batchStatus(folder.path)).rejects.toThrow('there is no batch');
  const clips = ['a', 'b', 'c', 'd', 'e'].map((name) => clip(`${name}-0.mp4`));
  await registerClips(folder, clips);
  await publish(clips[0], 'pictures');
  const claims = openClaims(folder.part('claims'), 60);
  await claims.take(await clipKey(clips[1].file), clips[1].file);
  const failure = { version: CLIP_VERSION, program: 'tokentrim', worker: { pid: 1, host: 'here' }, ended: '2026' };
  await folder.writeWhole(folder.failure(clips[2]), JSON.stringify({ ...failure, ...clips[2], error: 'no room' }));
  const status = await batchStatus(folder.path);
  expect(status).toMatchObject({ clips: 5, done: 1, waiting: 2, secondsPerClip: 2, secondsLeft: 8 });
  expect(status.running).toMatchObject([{ file: 'b-0.mp4', pid: process.pid, isStale: false }]);
  expect(status.running[0].silentSeconds).toBeLessThan(30);
  expect(status.failed).toEqual([
    { file: 'c-0.mp4', prompt: 'of c-0.mp4', seed: '7', error: 'no room', ended: '2026' },
  ]);
  expect((await readRecord(folder.record(clips[0])))?.prompt).toBe('of a-0.mp4');
});
