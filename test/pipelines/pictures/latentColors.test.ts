import { expect, test } from 'vitest';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { generate } from '../../../src/pipelines/generate.js';
import type { Picture } from '../../../src/pipelines/pictures/decodeLatents.js';
import { fitLatentColors } from '../../../src/pipelines/pictures/latentColors.js';
import { device } from '../../support/device.js';

/**
 * Colours of a fit without pictures of the video, against the decoded picture, each patch of pixels its mean: the root mean
 * square over its colours, 0 to 255. Measured: 40 in the toy world. Headroom: 1.5x, for other seeds. Still caught: a fit to
 * a smooth picture, or to a first latent frame, which stands for one picture (over 110).
 */
const LATENT_COLORS_TOLERANCE = 60;

test('a fit without pictures of the video shows about the colours that they have', async () => {
  const model = await openModelFolder(toyWorld);
  const prompt = 'a red circle stands still on a navy background';
  let latents: { values: Float32Array; shape: readonly number[] } | undefined;
  let last: Picture | undefined;
  for await (const event of generate(device, model, { prompt, frames: 9, seed: 0, trim: false })) {
    if (event.kind === 'block')
      latents = { values: Float32Array.from(await device.read(event.latents)), shape: event.latents.shape };
    if (event.kind === 'frames') last = event.frames.at(-1);
  }
  const colors = await fitLatentColors(device, model, {
    transformer: 'f32',
    vae: 'f32',
    textEncoder: 'f32',
    keys: 'f32',
  });
  await model.close();
  const { values, shape } = latents!;
  const [frames, channels, height, width] = shape;
  const shown = colors.picture(values.subarray((frames - 1) * channels * height * width), height, width);
  const mean = patchMeans(last!, height, width);
  const squares = mean.map((color, index) => (color - shown.rgba[4 * Math.floor(index / 3) + (index % 3)]) ** 2);
  const error = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
  console.info(`the colours of latents are ${error.toFixed(1)} off`);
  expect(error).toBeLessThan(LATENT_COLORS_TOLERANCE);
});

/** [rows, columns, 3]: the mean colour of what each latent value stands for. */
function patchMeans({ rgba, width }: Picture, rows: number, columns: number): number[] {
  const size = width / columns;
  return Array.from({ length: rows * columns * 3 }, (_, index) => {
    const [place, color] = [Math.floor(index / 3), index % 3];
    const [top, left] = [Math.floor(place / columns) * size, (place % columns) * size];
    let sum = 0;
    for (let y = top; y < top + size; y++)
      for (let x = left; x < left + size; x++) sum += rgba[4 * (y * width + x) + color];
    return sum / (size * size);
  });
}
