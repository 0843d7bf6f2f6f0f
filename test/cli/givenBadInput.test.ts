import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { beforeEach, test } from 'vitest';
import { openFrameSink } from '../../src/media/frameSink.js';
import { flatFrame } from '../media/support/clips.js';
import { expectRefusal, expectUsageError, useProgram } from './program.js';

const program = useProgram();

const SMALL = ['--width', '32', '--height', '32', '--frames', '21', '--steps', '1000'];
const refused = (args: string[], message: string) => expectRefusal(program, ['generate', ...SMALL, ...args], message);
const misused = (args: string[], message: string) =>
  expectUsageError(program, ['generate', ...SMALL, ...args], message);
const misusedWith = (flag: string, path: string, message: string, ...rest: string[]) =>
  misused(['a red circle', flag, path, ...rest], message);
const refusedWith = (flag: string, path: string, message: string, ...rest: string[]) =>
  refused(['a red circle', flag, path, ...rest], message);

beforeEach(async () => {
  const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) % 251));
  const png = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
    .png()
    .toBuffer();
  writeFileSync(program.path('picture.png'), png);
  writeFileSync(program.path('header.png'), png.subarray(0, 60));
  writeFileSync(program.path('half.png'), png.subarray(0, png.length / 2));
  const clip = await openFrameSink(program.path('clip.mp4'), { width: 32, height: 32, fps: 16 });
  for (let frame = 0; frame < 65; frame++) await clip.write(flatFrame([3 * frame, 40, 90], 32, 32));
  await clip.close();
  const mp4 = readFileSync(program.path('clip.mp4'));
  writeFileSync(program.path('half.mp4'), mp4.subarray(0, mp4.length / 2));
  writeFileSync(program.path('header.mp4'), mp4.subarray(0, 200));
  writeFileSync(program.path('text.txt'), 'hello there');
  writeFileSync(program.path('empty.png'), '');
  mkdirSync(program.path('folder'));
});

test('--image: nothing, another kind of file, a damaged one', async () => {
  await refusedWith('--image', 'nowhere.png', 'Cannot read nowhere.png: there is no such file');
  await refusedWith('--image', 'clip.mp4', 'expected one picture, found a video: pass it as --video');
  await refusedWith('--image', 'text.txt', 'it is neither a picture (png, jpeg, webp) nor a video');
  await refusedWith('--image', 'empty.png', 'the file is empty');
  await refusedWith('--image', 'header.png', 'damaged or cut off');
  await refusedWith('--image', 'half.png', 'damaged or cut off', '--out', 'new/video.mp4');
  await refusedWith('--image', 'folder', 'There is no picture in folder');
});

test('--video: nothing, another kind of file, a damaged one', async () => {
  await refusedWith('--video', 'nowhere.mp4', 'Cannot read nowhere.mp4: there is no such file');
  await refusedWith('--video', 'picture.png', 'found one picture: pass it as --image');
  await refusedWith('--video', 'text.txt', 'it is neither a picture (png, jpeg, webp) nor a video');
  await refusedWith('--video', 'empty.png', 'the file is empty');
  await refusedWith('--video', 'header.mp4', 'Cannot read header.mp4');
  await refusedWith('--video', 'half.mp4', 'of its pictures do not decode', '--frames', '33');
  await refusedWith('--video', 'folder', 'There is no picture in folder');
});

test('pictures where there is no place for them', async () => {
  await misusedWith('--image', 'picture.png', 'pass --image or --video, not both', '--video', 'clip.mp4');
  for (const [flag, path] of [
    ['--image', 'picture.png'],
    ['--video', 'clip.mp4'],
  ]) {
    const wan = ['--preset', 'wan', '--steps', '2'];
    await misusedWith(flag, path, 'the bidirectional model makes a video from text alone', ...wan);
    await refusedWith(flag, path, `--out and ${flag} are the same file`, '--out', path);
    await refusedWith(flag, path, `--save-noise and ${flag} are the same file`, '--save-noise', `./${path}`);
  }
  await misusedWith('--image', 'picture.png', 'none is left to generate: use --frames 2 or more', '--frames', '1');
  await misusedWith('--video', 'clip.mp4', 'none is left to generate: use --frames', '--frames', '9');
});

test('--prompts-at: no text, no schedule, one that does not fit the video', async () => {
  const files: [string, string | Buffer, string][] = [
    ['empty', '', 'empty: there is no prompt in it'],
    ['comment', '# nothing\n', 'comment: there is no prompt in it'],
    ['binary', Buffer.from([0, 255, 254, 3]), 'expected a text with times and prompts in UTF-8, found other bytes'],
    [
      'utf16',
      Buffer.from('0: a red circle\n', 'utf16le'),
      'expected a text with times and prompts in UTF-8, found other bytes',
    ],
    ['plain', 'a red circle\n', 'plain, line 1: expected a time and a prompt'],
    ['late', '5: a red circle\n', 'late, line 1: the first prompt must be at time 0'],
    ['unsorted', '0: a\n9: b\n5: c\n', 'unsorted, line 3: the times must rise'],
    ['beyond', '0: a\n9999: b\n', 'beyond, line 2: no block begins at frame 9999 or later'],
  ];
  for (const [name, text, message] of files) {
    writeFileSync(program.path(name), text);
    await refused(['--prompts-at', name], message);
  }
  await refused(
    ['--prompts-at', 'nowhere'],
    '--prompts-at nowhere: could not be opened (ENOENT): there is no such file',
  );
  await refused(
    ['--prompts-at', 'folder'],
    '--prompts-at folder: expected a text with times and prompts, found a folder, not a file',
  );

  writeFileSync(program.path('right'), '0: a\n13: b\n');
  await misused(['a red circle', '--prompts-at', 'right'], 'there are a prompt and a schedule of prompts');
  await refused(['--prompts-at', 'right', '--save-latents', 'right'], '--save-latents and --prompts-at are the same');
  const wan = ['--preset', 'wan', '--steps', '2'];
  await misused(
    ['--prompts-at', 'right', ...wan],
    'the bidirectional model makes all frames at once and takes one prompt',
  );
});
