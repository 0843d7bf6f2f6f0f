import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVaeStream } from '../../src/models/wan/vae/decodeStream.js';
import { createVaeEncodeStream } from '../../src/models/wan/vae/encodeStream.js';
import type { StepOptions } from '../../src/models/wan/vae/runSteps.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { TINY_VAE, tinyDecoder, tinyEncoder } from '../models/tinyVae.js';
import { maxDifference } from '../support/allclose.js';
import { device } from '../support/device.js';
import { VAE_HALF_TOLERANCE } from '../support/tolerance.js';
import { normal, seeds, sizes } from '../support/twins.js';

// What is done to save memory, frames that pass one at a time and convolutions' inputs in 16 bits, against the same
// computation without it.

type WeightType = 'f32' | 'bf16' | 'f16';
const decoders = {
  f32: await tinyDecoder(device, 1, 'f32'),
  bf16: await tinyDecoder(device, 1, 'bf16'),
  f16: await tinyDecoder(device, 1, 'f16'),
};
const encoders = {
  f32: await tinyEncoder(device, 1, 'f32'),
  bf16: await tinyEncoder(device, 1, 'bf16'),
  f16: await tinyEncoder(device, 1, 'f16'),
};

interface Clip {
  readonly seed: number;
  /** Latent frames. */
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

const clips = fc.record({ seed: seeds, frames: sizes(3), height: sizes(3), width: sizes(4) });
const weightTypes = fc.constantFrom<WeightType[]>('f32', 'bf16', 'f16');

/** A video's pixels, and of how many pictures each piece of them was. */
async function decode(clip: Clip, type: WeightType, options: Pick<StepOptions, 'splitBytes'> = {}) {
  const stream = createVaeStream(decoders[type], options);
  const shape = [clip.frames, TINY_VAE.z_dim, clip.height, clip.width];
  const latents = device.upload(
    normal(
      clip.seed,
      shape.reduce((product, size) => product * size),
    ),
    shape,
  );
  const pixels: number[] = [];
  const pieces: number[] = [];
  for (const pictures of stream.decode(latents)) {
    pieces.push(pictures.shape[0]);
    pixels.push(...(await device.read(pictures)));
    pictures.dispose();
  }
  latents.dispose();
  stream.dispose();
  return { pixels, pieces };
}

/** A video's latents. */
async function encode(clip: Clip, type: WeightType, options: Pick<StepOptions, 'splitBytes'> = {}): Promise<number[]> {
  const stream = createVaeEncodeStream(encoders[type], options);
  const latents: number[] = [];
  for (let frame = 0; frame < clip.frames; frame++) {
    const shape = [frame === 0 ? 1 : 4, 8 * clip.height, 8 * clip.width, 3];
    const values = normal(
      clip.seed + frame,
      shape.reduce((product, size) => product * size),
      0.5,
    );
    const pixels = device.upload(values, shape);
    const latent = stream.encode(pixels);
    latents.push(...(await device.read(latent)));
    pixels.dispose();
    latent.dispose();
  }
  stream.dispose();
  return latents;
}

/** Bytes at which some stages are split and others are not, besides all and none. */
const thresholds = fc.oneof(fc.constant(0), fc.integer({ min: 500, max: 50_000 }));

describe('frames that pass one at a time', () => {
  test('give the pixels of frames that pass together, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(clips, weightTypes, thresholds, async (clip, type, splitBytes) => {
        const split = await decode(clip, type, { splitBytes });
        expect(split.pixels).toEqual((await decode(clip, type)).pixels);
      }),
      { numRuns: 12 },
    );
  });

  test('come out as soon as they are ready', async () => {
    const clip = { seed: 3, frames: 2, height: 1, width: 2 };
    expect((await decode(clip, 'f32')).pieces).toEqual([1, 4]);
    expect((await decode(clip, 'f32', { splitBytes: 0 })).pieces).toEqual([1, 1, 1, 1, 1]);
  });

  test('are split only from the first stage on that is too large', () => {
    const stream = createVaeStream(decoders.f32, { splitBytes: 4 * 4 * 32 * 8 }); // 4 frames of 8 channels at 4x8 pixels
    const latents = device.zeros([2, TINY_VAE.z_dim, 1, 2]);
    const frames: [string, number][] = [];
    const tap = (name: string, output: Tensor) => frames.push([name.replace('decoder.', ''), output.shape[0]]);
    for (const pictures of stream.decode(latents, tap)) pictures.dispose();
    stream.dispose();
    const second = frames.slice(frames.findLastIndex(([name]) => name === 'conv2') + 5);
    const large = Array.from({ length: 4 }, () => [
      ['upsamples5', 1],
      ['upsamples6', 1],
      ['pixels_raw', 1],
    ]);
    const small = [1, 2, 2, 4, 4].map((count, index) => [`upsamples${index}`, count]);
    expect(second).toEqual([...small, ...large.flat()]);
  });

  test('give the latents of frames that pass together, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(clips, weightTypes, thresholds, async (clip, type, splitBytes) => {
        expect(await encode(clip, type, { splitBytes })).toEqual(await encode(clip, type));
      }),
      { numRuns: 12 },
    );
  });
});

describe('histories in 16 bits', () => {
  test('are held where the weights are, and only there', () => {
    const types = (type: WeightType) => {
      const stream = createVaeStream(decoders[type]);
      const latents = device.zeros([1, TINY_VAE.z_dim, 2, 2]);
      for (const pictures of stream.decode(latents)) pictures.dispose();
      const dtypes = stream.histories.flatMap(({ frames }) => frames.map(({ dtype }) => dtype));
      stream.dispose();
      return [...new Set(dtypes)];
    };
    expect([types('f32'), types('bf16'), types('f16')]).toEqual([['f32'], ['f16'], ['f16']]);
  });

  test('change pixels and latents within a bound', async () => {
    await fc.assert(
      fc.asyncProperty(clips, async (clip) => {
        const pixels = maxDifference((await decode(clip, 'f16')).pixels, (await decode(clip, 'f32')).pixels);
        const latents = maxDifference(await encode(clip, 'f16'), await encode(clip, 'f32'));
        expect(Math.max(pixels.difference, latents.difference)).toBeLessThan(VAE_HALF_TOLERANCE);
      }),
      { numRuns: 12 },
    );
  });
});

test('a stream that begins as many latent frames before a picture as it says makes that picture, to the bit', async () => {
  const [height, width] = [2, 1];
  const { memory } = createVaeStream(decoders.f16);
  const frames = memory + 3;
  const size = TINY_VAE.z_dim * height * width;
  const values = normal(5, frames * size);
  const pictures = async (from: number) => {
    const stream = createVaeStream(decoders.f16);
    const latents = device.upload(values.slice(from * size), [frames - from, TINY_VAE.z_dim, height, width]);
    let last: number[] = [];
    for (const made of stream.decode(latents)) {
      last = Array.from(await device.read(made));
      made.dispose();
    }
    latents.dispose();
    stream.dispose();
    return last; // of the last latent frame
  };
  const whole = await pictures(0);
  expect(await pictures(frames - memory)).toEqual(whole);
  expect(await pictures(frames - memory / 4)).not.toEqual(whole);
});
