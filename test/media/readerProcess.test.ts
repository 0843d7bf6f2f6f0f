import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { describePictures, openPictures } from '../../src/media/openPictures.js';
import { useFolder } from './support/folder.js';
import { record } from './support/shadedVideos.js';

const inFolder = useFolder();

/** A WebM of 804 bytes that its parser never comes back from: number 467 of the mutations in mutated.test.ts. */
const ENDLESS = fileURLToPath(new URL('../fixtures/media/endless.webm', import.meta.url));

const errorOf = (promise: Promise<unknown>) => promise.then(() => undefined).catch((error: Error) => error);

/** The processes that this one has started. */
const children = () =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

test('a file that a parser never comes back from is given up', async () => {
  const error = await errorOf(describePictures(ENDLESS));
  expect(error).toBeInstanceOf(TokenTrimError);
  expect(error?.message).toBe(
    `Cannot read ${ENDLESS}: nothing came of it in 8 seconds: it is damaged, or its disk is too slow.`,
  );
});

test('a signal ends it at once, and the next file is read', async () => {
  const path = await record(inFolder('sound.mp4'), 4);
  const stop = new AbortController();
  const reading = errorOf(describePictures(ENDLESS, undefined, stop));
  await sleep(300);
  const start = performance.now();
  stop.abort();
  expect((await reading)?.message).toBe('interrupted');
  expect(performance.now() - start).toBeLessThan(2000);
  expect(await errorOf(describePictures(ENDLESS, undefined, stop))).toBeInstanceOf(Error);
  expect(await describePictures(path)).toMatchObject({ kind: 'video', frames: 4 });
});

describe.runIf(process.platform === 'linux')('on Linux, where a process can be found by its parent', () => {
  test('a decoder that crashes is an error of that file alone', async () => {
    const path = await record(inFolder('crash.mp4'), 40);
    const pictures = openPictures(path, { width: 32, height: 32 });
    await pictures.next();
    for (const child of children()) process.kill(child, 'SIGSEGV');
    const rest = async () => {
      for await (const _ of pictures);
    };
    const error = await errorOf(rest());
    expect(error).toBeInstanceOf(TokenTrimError);
    expect(error?.message).toBe(
      `Cannot read ${path}: it is damaged or made to do harm (the decoder ended by SIGSEGV).`,
    );
    expect(await describePictures(path)).toMatchObject({ frames: 40 });
  });

  test('whoever stops reading leaves no process behind, nor does who has read to the end', async () => {
    const path = await record(inFolder('left.mp4'), 20);
    for await (const _ of openPictures(path, { width: 32, height: 32 })) break;
    await describePictures(path);
    for (let left = 100; left > 0 && children().length > 0; left--) await sleep(100);
    expect(children()).toEqual([]);
  });
});
