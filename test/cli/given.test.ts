import sharp from 'sharp';
import { expect, test } from 'vitest';
import { GIVEN_PICTURE_TOLERANCE } from '../support/tolerance.js';
import { generate, meanDifference, picturesOf } from './generated.js';
import { useProgram } from './program.js';

const program = useProgram();

const SIZE = { width: 48, height: 48 };
const SMALL = [
  'a red circle stands still on a navy background',
  '--width',
  '48',
  '--height',
  '48',
  '--steps',
  '1000,500',
];

/** A picture as the toy world knows them, a red circle on navy, twice as large as the video; and its mirror image. */
async function drawCircle(path: (name: string) => string): Promise<void> {
  const circle =
    '<svg width="96" height="96"><rect width="96" height="96" fill="#112246"/><circle cx="30" cy="60" r="18" fill="#e62626"/></svg>';
  await sharp(Buffer.from(circle)).png().toFile(path('circle.png'));
  await sharp(Buffer.from(circle)).flop().png().toFile(path('mirrored.png'));
}

test.each(['self-forcing', 'rolling-forcing'])('%s begins with a picture', async (preset) => {
  await drawCircle(program.path);
  const args = [...SMALL, '--preset', preset, '--image', 'circle.png', '--frames', '15', '--out', 'frames'];
  const { frames } = await generate(program, [...args, '--seed', '3']);
  const [given] = await picturesOf(program.path('circle.png'), SIZE);
  const made = await picturesOf(program.path('frames'), SIZE);
  expect([frames, made.length]).toEqual([15, 15]);
  const [mirrored] = await picturesOf(program.path('mirrored.png'), SIZE);
  expect(meanDifference(made[0], given)).toBeLessThan(GIVEN_PICTURE_TOLERANCE);
  expect(meanDifference(made[0], mirrored)).toBeGreaterThan(GIVEN_PICTURE_TOLERANCE);
});

test.each(['self-forcing', 'rolling-forcing'])('%s goes on where a video ends', async (preset) => {
  await generate(program, [...SMALL, '--frames', '21', '--out', 'clip.mp4']);
  const args = [...SMALL, '--preset', preset, '--video', 'clip.mp4', '--frames', '30', '--out', 'frames'];
  const { stderr } = await program.run(['generate', ...args]);
  expect(stderr).toMatch(/^note: clip\.mp4: the last 21 of 21 frames begin the video/m);
  const clip = await picturesOf(program.path('clip.mp4'), SIZE);
  const made = await picturesOf(program.path('frames'), SIZE);
  expect([clip.length, made.length]).toEqual([21, 30]);
  const errors = clip.map((picture, index) => meanDifference(made[index], picture));
  expect(Math.max(...errors)).toBeLessThan(GIVEN_PICTURE_TOLERANCE);
});

test('the default length of a continued video is that of any video, after what was given', async () => {
  await generate(program, [...SMALL, '--frames', '9', '--out', 'clip.mp4']);
  const { stdout } = await program.run(['generate', ...SMALL, '--video', 'clip.mp4', '--dry-run']);
  expect(stdout).toMatch(/^video {4}89 frames of 48x48/m);
  expect(stdout).toMatch(/after 3 given latent frames/);
});
