import { cp, link, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mp4Demuxer } from '@napi-rs/webcodecs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FrameMark, type FrameSink, LostOutputError, openFrameSink } from '../../src/media/frameSink.js';
import { smoothFrame } from './support/clips.js';
import { readVideo } from './support/readVideo.js';

const FORMAT = { width: 32, height: 16, fps: 16, tags: { description: 'a red circle' } };
const OUTPUTS = ['video.mp4', 'frames/'] as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-mark-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(sink: FrameSink, from: number, to: number, { width, height } = FORMAT): Promise<void> {
  for (let index = from; index < to; index++) await sink.write(smoothFrame(index, width, height));
}

/** A place of its own, and what lies in it as a folder tells it: names and bytes. */
async function place(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
async function contents(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = names.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(path.length), (await readFile(file)).toString('base64')])),
  );
}

/** What a run leaves that is killed after `frames` frames, and its last mark, made after `marked`. */
async function killed(output: string, at: string, frames: number, marked: number, format = FORMAT) {
  const working = await place(`${at}-working`);
  const sink = await openFrameSink(join(working, output), format);
  await write(sink, 0, marked, format);
  const mark = await sink.mark();
  await write(sink, marked, frames, format);
  await cp(working, join(folder, at), { recursive: true });
  await rm(join(folder, at, `.${output.replace('/', '')}.lock`), { force: true });
  await rm(join(folder, at, 'frames', '.frames.lock'), { force: true });
  await sink.abort();
  return { mark: mark as FrameMark, path: join(folder, at, output) };
}

async function uninterrupted(output: string, frames: number, format = FORMAT) {
  const at = await place(`whole-${frames}`);
  const sink = await openFrameSink(join(at, output), format);
  await write(sink, 0, frames, format);
  await sink.close();
  return contents(at);
}

test('an .mp4 that goes on at any mark is the bytes of one that was never stopped', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 24 }),
      fc.integer({ min: 1, max: 24 }),
      fc.constantFrom(7.5, 16, 24000 / 1001),
      fc.tuple(fc.nat(30), fc.nat(30), fc.nat(30)),
      fc.nat(5000),
      async (halfWidth, halfHeight, fps, lengths, torn) => {
        const [marked, stopped, total] = [...lengths].sort((one, other) => one - other).map((length) => length + 1);
        const format = { ...FORMAT, width: 2 * halfWidth, height: 2 * halfHeight, fps };
        const at = `run-${run++}`;
        const { mark, path } = await killed('video.mp4', at, stopped, marked, format);
        if (mark === undefined) {
          expect(marked).toBeLessThan(12); // shorter than a group
          return;
        }
        const partial = join(folder, at, 'video.partial.mp4');
        expect((await readFile(partial)).length).toBeGreaterThanOrEqual(mark.bytes);
        await truncate(partial, mark.bytes + torn); // cut somewhere, or with zeros behind it
        const sink = await openFrameSink(path, format, { from: mark });
        await write(sink, mark.frames, total, format);
        await sink.close();
        const whole = await uninterrupted('video.mp4', total, format);
        expect(await contents(join(folder, at))).toEqual(whole);
        await rm(join(folder, `whole-${total}`), { recursive: true });
      },
    ),
    { numRuns: 12 },
  );
});

describe.each(OUTPUTS)('%s', (output) => {
  test.each([
    ['at once', 24, 24],
    ['frames later', 29, 16],
    ['when all frames were there', 40, 40],
  ])('goes on %s', async (_when, frames, marked) => {
    const { mark, path } = await killed(output, 'again', frames, marked);
    expect(mark.frames).toBe(marked);
    const sink = await openFrameSink(path, FORMAT, { from: mark });
    expect(await sink.mark()).toEqual(mark);
    await write(sink, mark.frames, 40);
    await sink.close();
    expect(await contents(join(folder, 'again'))).toEqual(await uninterrupted(output, 40));
  });

  test('goes on twice, from what was closed early, under its own name', async () => {
    const path = join(await place('again'), output);
    let sink = await openFrameSink(path, FORMAT);
    let mark: FrameMark | undefined;
    for (const [from, to] of [
      [0, 21],
      [16, 30],
    ]) {
      await write(sink, mark?.frames ?? from, to);
      mark = await sink.mark();
      await sink.closeEarly();
      expect(sink.path).toBe(path);
      if (output === 'video.mp4') expect((await readVideo(path)).timestamps).toHaveLength(to);
      sink = await openFrameSink(path, FORMAT, { from: mark });
    }
    await write(sink, mark!.frames, 40);
    await sink.close();
    expect(await contents(join(folder, 'again'))).toEqual(await uninterrupted(output, 40));
  });

  test('beside an older output: which stays until the new one is finished', async () => {
    const path = join(await place('again'), output);
    const older = await openFrameSink(path, FORMAT);
    await write(older, 5, 50);
    await older.close();
    const before = await contents(join(folder, 'again'));
    const first = await openFrameSink(path, FORMAT);
    await write(first, 0, 21);
    const mark = await first.mark();
    await first.closeEarly();
    const next = await openFrameSink(path, FORMAT, { from: mark });
    await write(next, mark!.frames, 40);
    expect(await contents(join(folder, 'again'))).toMatchObject(before);
    await next.close();
    expect(await contents(join(folder, 'again'))).toEqual(await uninterrupted(output, 40));
  });

  test('changes nothing before the first frame', async () => {
    const { mark, path } = await killed(output, 'again', 29, 24);
    const before = await contents(join(folder, 'again'));
    const sink = await openFrameSink(path, FORMAT, { from: mark });
    await sink.abort();
    expect(await contents(join(folder, 'again'))).toEqual(before);
  });

  test('what is gone, cut, changed or of another run is refused, and stays as it is', async () => {
    const { mark, path } = await killed(output, 'again', 29, 24);
    const [file] = Object.keys(await contents(join(folder, 'again'))).sort();
    const kept = join(folder, 'again', file);
    const bytes = await readFile(kept);
    const changed = Buffer.from(bytes);
    changed[bytes.length >> 1] ^= 1;
    const refused = async () => {
      const before = await contents(join(folder, 'again'));
      await expect(openFrameSink(path, FORMAT, { from: mark })).rejects.toThrow(LostOutputError);
      expect(await contents(join(folder, 'again'))).toEqual(before);
    };
    for (const wrong of [bytes.subarray(0, 400), changed]) {
      await writeFile(kept, wrong);
      await refused();
    }
    await rm(join(folder, 'again'), { recursive: true });
    await mkdir(join(folder, 'again'));
    await refused();
    const other = await openFrameSink(path, { ...FORMAT, tags: { description: 'a blue one' } });
    await write(other, 0, 29);
    await other.abort();
    await refused();
  });
});

test('an .mp4 with a second name is not cut', async () => {
  const { mark, path } = await killed('video.mp4', 'again', 29, 24);
  await link(join(folder, 'again', 'video.partial.mp4'), join(folder, 'mine.mp4'));
  await expect(openFrameSink(path, FORMAT, { from: mark })).rejects.toThrow(LostOutputError);
});

test('an .mp4 that is cut at a mark, or in the pictures behind it, plays what is whole', async () => {
  const path = join(folder, 'video.mp4');
  const sink = await openFrameSink(path, FORMAT);
  const ends: number[] = [];
  for (let group = 0; group < 4; group++) {
    await write(sink, 8 * group, 8 * (group + 1));
    ends.push((await sink.mark())!.bytes);
  }
  await sink.close();
  const bytes = await readFile(path);
  const starts = ends.map((end) => end + bytes.subarray(end).indexOf('mdat') + 4);
  for (const [group, end] of ends.entries()) {
    const behind = group < 3 ? fc.sample(fc.integer({ min: starts[group], max: ends[group + 1] - 1 }), 6) : [];
    for (const cut of [end, end + 1, end + 7, ...behind]) {
      await writeFile(path, bytes.subarray(0, cut));
      const { pictures } = await readVideo(path, { decode: true });
      expect(pictures.length).toBeGreaterThanOrEqual(8 * (group + 1)); // one whose bytes are whole may play as well
      expect(await ffmpegPackets(path)).toBeGreaterThanOrEqual(8 * (group + 1));
    }
  }
});

/** Packets that ffmpeg's parser finds. */
async function ffmpegPackets(path: string): Promise<number> {
  let count = 0;
  const failures: Error[] = [];
  const demuxer = new Mp4Demuxer({ videoOutput: () => count++, error: (error) => failures.push(error) });
  await demuxer.load(path);
  await demuxer.demuxAsync();
  demuxer.close();
  expect(failures).toEqual([]);
  return count;
}
