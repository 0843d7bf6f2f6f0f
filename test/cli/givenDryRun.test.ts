import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openFrameSink } from '../../src/media/frameSink.js';
import { flatFrame } from '../media/support/clips.js';
import { expectRefusal, useProgram } from './program.js';

const program = useProgram();

const SMALL = ['generate', 'a red circle', '--width', '32', '--height', '32', '--frames', '21', '--steps', '1000'];
const refused = (args: string[], message: string) => expectRefusal(program, [...SMALL, ...args], message);

const fixture = (name: string) =>
  cpSync(fileURLToPath(new URL(`../fixtures/media/${name}`, import.meta.url)), program.path(name));
const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) % 251));
const png = () =>
  sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
    .png()
    .toBuffer();

/** The dry run says what the run says. */
async function refusedBoth(args: string[], message: string): Promise<void> {
  await refused([...args, '--dry-run'], message);
  await refused(args, message);
}

test('a picture that does not decode', async () => {
  const whole = await png();
  writeFileSync(program.path('half.png'), whole.subarray(0, whole.length / 2));
  fixture('picture.heic');
  await refusedBoth(['--image', 'half.png'], 'Cannot read the picture half.png: it is damaged or cut off');
  await refusedBoth(
    ['--image', 'picture.heic'],
    'picture.heic: it is a HEIC picture (HEVC), which cannot be decoded here',
  );
});

test('a video that does not decode', async () => {
  const clip = await openFrameSink(program.path('clip.mp4'), { width: 32, height: 32, fps: 16 });
  for (let frame = 0; frame < 65; frame++) await clip.write(flatFrame([3 * frame, 40, 90], 32, 32));
  await clip.close();
  const mp4 = readFileSync(program.path('clip.mp4'));
  writeFileSync(program.path('half.mp4'), mp4.subarray(0, mp4.length / 2));
  await refusedBoth(['--video', 'half.mp4', '--frames', '33'], 'of its pictures do not decode');
  fixture('rgb-h264.mp4');
  fixture('prores.mov');
  fixture('ten-bit-hevc.mp4');
  const frames = ['--frames', '33', '--block-frames', '1'];
  await refused(['--video', 'rgb-h264.mp4', ...frames, '--dry-run'], "its colours have the matrix 'rgb'");
  await refused(['--video', 'prores.mov', ...frames, '--dry-run'], 'the codec ProRes (apco)');
  await refused(['--video', 'ten-bit-hevc.mp4', ...frames, '--dry-run'], 'its pixels are I420P10');
});

test('a folder of pictures of which the last does not decode', async () => {
  const whole = await png();
  mkdirSync(program.path('frames'));
  for (let frame = 0; frame < 9; frame++) {
    writeFileSync(program.path(`frames/${frame}.png`), frame < 8 ? whole : whole.subarray(0, whole.length / 2));
  }
  await refusedBoth(['--video', 'frames'], 'Cannot read the picture frames/8.png: it is damaged or cut off');
});

test('an animation is one picture, and said to be', async () => {
  const pages = { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } } as const;
  await sharp(Buffer.from(noise.subarray(0, 8 * 16 * 3)), pages)
    .gif()
    .toFile(program.path('moving.gif'));
  await refused(
    ['--video', 'moving.gif', '--dry-run'],
    'found an animation of 2 pictures: convert it (ffmpeg -i "moving.gif"',
  );
  const { status, stderr } = await program.run([...SMALL, '--image', 'moving.gif', '--dry-run']);
  expect(stderr).toMatch(/^note: moving\.gif: the first of its 2 pictures begins the video$/m);
  expect(status).toBe(0);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends the program while a parser hangs', async (signal, expected) => {
  fixture('endless.webm');
  const stopAfter = { seconds: 5, signal };
  const { status, stderr, seconds } = await program.run([...SMALL, '--video', 'endless.webm'], { stopAfter });
  expect(stderr).toContain('error: interrupted; nothing was generated');
  expect(status).toBe(expected);
  expect(seconds).toBeLessThan(8);
});
