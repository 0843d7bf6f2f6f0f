import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { openFrameSink } from '../../src/media/frameSink.js';
import { smoothFrame } from './support/clips.js';

const FORMAT = { width: 16, height: 16, fps: 16 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-sink-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the name decides', () => {
  test.each([
    ['video.mp4', 'h264'],
    ['VIDEO.MP4', 'h264'],
    ['frames', 'png'],
    ['frames.d/', 'png'],
    ['there.v2', 'png'],
  ])('%s: %s', async (name, encoder) => {
    await mkdir(join(folder, 'there.v2'));
    const sink = await openFrameSink(join(folder, name) + (name.endsWith('/') ? '/' : ''), FORMAT);
    expect(sink.encoder).toBe(encoder);
    await sink.close();
    expect(await readdir(folder)).toEqual(['there.v2']);
  });
});

describe('an output that cannot be written is one error before anything runs, and leaves nothing', () => {
  test.each([
    ['video.avi', /\.avi is not a known output.*\.mp4/],
    ['folder.mp4', /it is a folder, not a file/],
    ['file/video.mp4', /part of the path is a file/],
    ['file/a/b/frames', /part of the path is a file/],
    ['file', /part of the path is a file/],
  ])('%s', async (name, message) => {
    await mkdir(join(folder, 'folder.mp4'));
    await writeFile(join(folder, 'file'), '');
    const error = await openFrameSink(join(folder, name), FORMAT).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TokenTrimError);
    expect((error as Error).message).toMatch(message);
    expect(await readdir(folder)).toEqual(['file', 'folder.mp4']);
  });

  // Node's recursive mkdir never returns for a path under /proc.
  test.runIf(process.platform === 'linux').each(['/proc/nope/video.mp4', '/proc/nope/frames', '/proc/'])(
    '%s',
    async (path) => {
      await expect(openFrameSink(path, FORMAT)).rejects.toThrow(/Cannot write \/proc.*Choose another --out/);
    },
  );

  test.skipIf(process.getuid?.() === 0)('a folder without permission (root may write everywhere)', async () => {
    await chmod(folder, 0o555);
    await expect(openFrameSink(join(folder, 'video.mp4'), FORMAT)).rejects.toThrow(/permission is denied/);
    await expect(openFrameSink(`${folder}/`, FORMAT)).rejects.toThrow(/permission is denied/);
    await chmod(folder, 0o755);
  });

  test.each([
    [{ ...FORMAT, width: 15 }, /even width and height.*15x16/],
    [{ ...FORMAT, width: 0 }, /whole pixels.*0x16/],
    [{ ...FORMAT, fps: 0 }, /frame rate must be above 0/],
    [{ ...FORMAT, fps: Number.NaN }, /frame rate must be above 0/],
  ])('%j', async (format, message) => {
    await expect(openFrameSink(join(folder, 'video.mp4'), format)).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a folder of frames', () => {
  test('holds the pixels exactly, replaces an earlier run and spares other files', async () => {
    const path = join(folder, 'frames');
    await mkdir(path);
    await writeFile(join(path, 'notes.txt'), 'mine');
    const write = async (frames: number, end: 'close' | 'closeEarly' = 'close', force = false) => {
      const sink = await openFrameSink(path, FORMAT, { force });
      for (let index = 0; index < frames; index++) await sink.write(smoothFrame(index, 16, 16));
      await sink[end]();
      return sink;
    };
    await write(8);
    const early = await write(3, 'closeEarly'); // replaces nothing
    expect(early.path).toBe(join(path, 'partial'));
    expect(await readdir(path)).toHaveLength(10);
    const sink = await write(3);
    expect(sink.note).toContain('ffmpeg -framerate 16');
    expect((await readdir(path)).sort()).toEqual([
      'frame-00000.png',
      'frame-00001.png',
      'frame-00002.png',
      'notes.txt',
    ]);

    const { data, info } = await sharp(join(path, 'frame-00002.png'))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 16, height: 16, channels: 4 });
    expect(new Uint8Array(data)).toEqual(smoothFrame(2, 16, 16).rgba);
  });

  test('of another program are refused, and replaced only when that is asked for', async () => {
    const other = join(folder, 'frame-00007.png');
    await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } }).toFile(other);
    const before = await readFile(other);
    await expect(openFrameSink(`${folder}/`, FORMAT)).rejects.toThrow(/holds frame-00007\.png, which .*--force/);
    expect(await readdir(folder)).toEqual(['frame-00007.png']);
    expect(await readFile(other)).toEqual(before);
    const sink = await openFrameSink(`${folder}/`, FORMAT, { force: true });
    for (let index = 0; index < 8; index++) await sink.write(smoothFrame(index, 16, 16));
    expect(await readFile(other)).toEqual(before);
    await sink.close();
    expect(await readdir(folder)).toHaveLength(8);
    expect(await readFile(other)).not.toEqual(before);
  });

  test('of another program stay where no new one has their name, whatever is asked for', async () => {
    const other = join(folder, 'frame-00007.png');
    await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } }).toFile(other);
    const before = await readFile(other);
    const sink = await openFrameSink(`${folder}/`, FORMAT, { force: true });
    await sink.write(smoothFrame(0, 16, 16));
    await sink.close();
    expect(await readdir(folder)).toEqual(['frame-00000.png', 'frame-00007.png']);
    expect(await readFile(other)).toEqual(before);
  });

  test('one that was changed by another program is its picture now', async () => {
    const sink = await openFrameSink(`${folder}/`, FORMAT);
    await sink.write(smoothFrame(0, 16, 16));
    await sink.close();
    const path = join(folder, 'frame-00000.png');
    await writeFile(path, await sharp(path).negate().png().toBuffer());
    await expect(openFrameSink(`${folder}/`, FORMAT)).rejects.toThrow('this program did not write');
  });

  test('keeps its frames after an abort', async () => {
    const sink = await openFrameSink(`${folder}/new/`, FORMAT);
    await sink.write(smoothFrame(0, 16, 16));
    await sink.abort();
    expect(await readdir(join(folder, 'new'))).toEqual(['frame-00000.png']);
  });
});

test('a misspelt name in the format is refused, and nothing is written', async () => {
  const misspelt = { ...FORMAT, tgas: {} };
  await expect(openFrameSink(join(folder, 'video.mp4'), misspelt)).rejects.toThrow(
    "unknown option `tgas` in openFrameSink's format: did you mean `tags`?",
  );
  expect(await readdir(folder)).toEqual([]);
});
