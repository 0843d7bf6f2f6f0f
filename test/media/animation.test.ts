import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeAnimation } from '../../src/media/animation.js';
import { smoothFrame } from './support/clips.js';

const frames = Array.from({ length: 5 }, (_, index) => smoothFrame(3 * index, 24, 16));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokentrim-animation-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(['webp', 'gif'])('.%s has every frame, its time and loops for ever', async (extension) => {
  const path = join(folder, `picture.${extension}`);
  await writeAnimation(frames, path, 20);
  const metadata = await sharp(path, { animated: true }).metadata();
  expect(metadata).toMatchObject({ width: 24, pageHeight: 16, pages: 5, loop: 0, delay: [50, 50, 50, 50, 50] });
});

test('.webp holds the pixels exactly', async () => {
  const path = join(folder, 'exact.webp');
  await writeAnimation(frames, path, 20);
  const pixels = await sharp(path, { animated: true }).ensureAlpha().raw().toBuffer();
  expect(Buffer.compare(pixels, Buffer.concat(frames.map(({ rgba }) => rgba)))).toBe(0);
});

test('other names and empty lists are refused', async () => {
  await expect(writeAnimation(frames, join(folder, 'picture.png'), 20)).rejects.toThrow(/\.webp or \.gif/);
  await expect(writeAnimation([], join(folder, 'picture.gif'), 20)).rejects.toThrow(/at least one frame/);
});
