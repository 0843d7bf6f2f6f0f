import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fragmentedMp4 } from '../../src/media/fragmentedMp4.js';
import { openFrameSink } from '../../src/media/frameSink.js';
import { groupFrames } from '../../src/media/h264Group.js';
import { smoothFrame } from './support/clips.js';
import { readVideo, type VideoFile } from './support/readVideo.js';

interface Write {
  data: Uint8Array;
  position: number;
}

let folder: string;
let video: VideoFile;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-fragments-'));
  const path = join(folder, 'video.mp4');
  const sink = await openFrameSink(path, { width: 64, height: 48, fps: 16 });
  for (let index = 0; index < 45; index++) await sink.write(smoothFrame(index, 64, 48));
  await sink.close();
  video = await readVideo(path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Muxes the clip again and returns every write to the file, and how many writes were done after each group. */
async function recordWrites(): Promise<{ writes: Write[]; writesAfter: number[] }> {
  const writes: Write[] = [];
  const writesAfter: number[] = [];
  const mp4 = fragmentedMp4(
    {
      async write(data, position) {
        await new Promise(setImmediate); // as slow as a disk, next to a promise
        writes.push({ data: data.slice(), position });
      },
    },
    { fps: 16 },
  );
  const { decoderConfig, packets } = video;
  for (let first = 0; first < packets.length; first += 8) {
    const group = packets.slice(first, first + 8);
    expect(group.map(({ type }) => type)).toEqual(group.map((_packet, index) => (index === 0 ? 'key' : 'delta')));
    await mp4.add({ packets: group.map(({ data }) => data), decoderConfig });
    writesAfter.push(writes.length);
  }
  await mp4.finish();
  return { writes, writesAfter };
}

/** What is on disk when the process dies `bytes` bytes into its writes. */
function diskAfter(writes: readonly Write[], bytes: number): Uint8Array {
  const disk: number[] = [];
  for (const { data, position } of writes) {
    const done = data.subarray(0, bytes);
    bytes -= done.length;
    while (disk.length < position && done.length > 0) disk.push(0);
    disk.splice(position, done.length, ...done);
    if (bytes === 0) break;
  }
  return Uint8Array.from(disk);
}

test('each group is on disk at once', async () => {
  const { writesAfter } = await recordWrites();
  expect(writesAfter).toEqual([2, 4, 6, 8, 10, 12]); // a run of boxes is two writes
});

test('killed in the middle of any write, the file plays all whole fragments', async () => {
  const { writes } = await recordWrites();
  const total = writes.reduce((sum, { data }) => sum + data.length, 0);
  const first = writes.slice(0, 2).reduce((sum, { data }) => sum + data.length, 0);
  const path = join(folder, 'killed.mp4');
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: first, max: total }), async (bytes) => {
      let left = bytes;
      let whole = 0;
      for (const [index, { data }] of writes.entries()) {
        left -= data.length;
        if (left >= 0 && index % 2 === 1) whole++;
      }
      await writeFile(path, diskAfter(writes, bytes));
      const { packets } = await readVideo(path);
      expect(packets).toHaveLength(Math.min(45, 8 * whole));
    }),
    { numRuns: 60 },
  );
});

test.each([
  [16, 8],
  [24, 12],
  [1000, 30],
  [1, 2],
  [0.5, 2],
])('at %d frames per second a key frame comes every %d', (fps, interval) => {
  expect(groupFrames(fps)).toBe(interval);
});
