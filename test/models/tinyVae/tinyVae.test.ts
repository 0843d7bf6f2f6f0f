import { describe, expect, test } from 'vitest';
import { loadTinyDecoder } from '../../../src/models/wan/tinyVae/tinyDecoder.js';
import { createTinyVaeStream } from '../../../src/models/wan/tinyVae/tinyDecodeStream.js';
import { loadTinyEncoder } from '../../../src/models/wan/tinyVae/tinyEncoder.js';
import { createTinyVaeEncodeStream } from '../../../src/models/wan/tinyVae/tinyEncodeStream.js';
import { type TinyVaeConfig, tinyEncoderFactors } from '../../../src/models/wan/tinyVae/tinyVaeConfig.js';
import type { PictureStream } from '../../../src/models/wan/vae/pictureStream.js';
import { expectAllClose } from '../../support/allclose.js';
import { device } from '../../support/device.js';
import { HALF_TINY_VAE_TOLERANCE, TINY_VAE_TOLERANCE } from '../../support/tolerance.js';
import { normal } from '../../support/twins.js';
import { decodePlain, encodePlain, type PlainVideo, tinyVaeWeights } from './plainTinyVae.js';

const PUBLISHED: TinyVaeConfig = {
  decoder_widths: [12, 8, 4, 4],
  encoder_width: 8,
  latent_channels: 4,
  patch_size: 1,
  decoder_time_upscale: [false, true, true],
  decoder_space_upscale: [true, true, true],
  encoder_time_downscale: [true, true, false],
  frames_to_trim: 3,
};
const PATCHES: TinyVaeConfig = {
  ...PUBLISHED,
  decoder_widths: [6, 5, 3, 2],
  encoder_width: 3,
  latent_channels: 5,
  patch_size: 2,
  decoder_time_upscale: [true, true, true],
  encoder_time_downscale: [true, true, true],
  frames_to_trim: 7,
};
const CHEAP: TinyVaeConfig = {
  ...PUBLISHED,
  decoder_time_upscale: [false, false, true],
  decoder_space_upscale: [true, false, true],
  encoder_time_downscale: [false, true, false],
  frames_to_trim: 1,
};
const [FRAMES, HEIGHT, WIDTH] = [4, 2, 3];

const latentsOf = ({ latent_channels }: TinyVaeConfig, frames = FRAMES) =>
  device.upload(normal(9, FRAMES * latent_channels * HEIGHT * WIDTH, 2).slice(0, frames * latent_channels * 6), [
    frames,
    latent_channels,
    HEIGHT,
    WIDTH,
  ]);

/** Frames of planes in a list of values as PyTorch has them. */
function videoOf(values: ArrayLike<number>, channels: number, height: number, width: number): PlainVideo {
  const planes = Array.from({ length: values.length / (height * width) }, (_, at) =>
    Float64Array.from(Array.from(values).slice(at * height * width, (at + 1) * height * width)),
  );
  const frames = Array.from({ length: planes.length / channels }, (_, frame) =>
    planes.slice(frame * channels, (frame + 1) * channels),
  );
  return { frames, height, width };
}

/** [frames, height, width, channels] of a plain video. */
function channelsInside({ frames, height, width }: PlainVideo): number[] {
  return frames.flatMap((planes) =>
    Array.from({ length: height * width }, (_, pixel) => planes.map((plane) => plane[pixel])).flat(),
  );
}

async function decode(
  stream: PictureStream,
  config: TinyVaeConfig,
  pieces: readonly number[],
  first = 0,
): Promise<number[]> {
  const values: number[] = [];
  const all = await device.read(latentsOf(config));
  const frame = all.length / FRAMES;
  for (const count of pieces) {
    const piece = device.upload(all.slice(first * frame, (first + count) * frame), [
      count,
      config.latent_channels,
      HEIGHT,
      WIDTH,
    ]);
    for (const pictures of stream.decode(piece)) {
      values.push(...(await device.read(pictures)));
      pictures.dispose();
    }
    piece.dispose();
    first += count;
  }
  return values;
}

describe.each([
  ['as published', PUBLISHED],
  ['with patches, odd widths and time doubled everywhere', PATCHES],
  ['with fewer enlargements', CHEAP],
])('a tiny VAE %s', (_, config) => {
  const { weights, source } = tinyVaeWeights(config, 5);

  test('decodes as plain loops do over all frames', async () => {
    const stream = createTinyVaeStream(await loadTinyDecoder(device, source, config, 'f32'));
    const latents = videoOf(await device.read(latentsOf(config)), config.latent_channels, HEIGHT, WIDTH);
    const plain = decodePlain(config, weights, latents);
    const expected = channelsInside({ ...plain, frames: plain.frames.slice(config.frames_to_trim) });
    const actual = await decode(stream, config, [FRAMES]);
    expectAllClose(actual, expected.map((value) => 2 * value - 1), TINY_VAE_TOLERANCE, 'pixels'); // biome-ignore format: one line
  });

  test('decodes to the same bytes in pieces, and one picture at a time', async () => {
    const decoder = await loadTinyDecoder(device, source, config, 'f16');
    const whole = await decode(createTinyVaeStream(decoder), config, [FRAMES]);
    expect(await decode(createTinyVaeStream(decoder), config, [1, 1, 2])).toEqual(whole);
    expect(await decode(createTinyVaeStream(decoder, { splitBytes: 0 }), config, [3, 1])).toEqual(whole);
  });

  test('a fork decodes what comes next, and the stream goes on as if there had been none', async () => {
    const decoder = await loadTinyDecoder(device, source, config, 'f32');
    const whole = await decode(createTinyVaeStream(decoder), config, [FRAMES]);
    for (const cut of [0, 1, 3]) {
      const stream = createTinyVaeStream(decoder);
      const begun = cut > 0 ? await decode(stream, config, [cut]) : [];
      const fork = stream.fork();
      const tried = await decode(fork, config, [FRAMES - cut], cut);
      fork.dispose();
      expect([...begun, ...tried]).toEqual(whole);
      expect([...begun, ...(await decode(stream, config, [FRAMES - cut], cut))]).toEqual(whole);
      stream.dispose();
    }
  });

  test('encodes as plain loops do, the end filled up with its last picture', async () => {
    const { spatial, temporal } = tinyEncoderFactors(config);
    const [height, width, count] = [spatial, 2 * spatial, 2 * temporal + 1];
    const values = normal(3, count * 3 * height * width, 0.3);
    const pictures = videoOf(values, 3, height, width);
    const expected = encodePlain(config, weights, pictures);
    const stream = createTinyVaeEncodeStream(await loadTinyEncoder(device, source, config, 'f32'), { splitBytes: 0 });
    const inside = channelsInside(pictures).map((value) => 2 * value - 1);
    const actual: number[] = [];
    for (let first = 0; first < count; first += temporal) {
      const frames = Math.min(temporal, count - first);
      const size = height * width * 3;
      const pixels = device.upload(Float32Array.from(inside.slice(first * size, (first + frames) * size)), [
        frames,
        height,
        width,
        3,
      ]);
      actual.push(...(await device.read(stream.encode(pixels))));
    }
    const planes = expected.frames.flatMap((frame) => frame.flatMap((plane) => [...plane]));
    expectAllClose(actual, planes, TINY_VAE_TOLERANCE, 'latents');
  });
});

describe('a tiny VAE', () => {
  const { weights, source } = tinyVaeWeights(PUBLISHED, 5);

  test('in f16 makes nearly the same pictures', async () => {
    const [full, half] = await Promise.all(
      (['f32', 'f16'] as const).map(async (type) => {
        const stream = createTinyVaeStream(await loadTinyDecoder(device, source, PUBLISHED, type));
        return decode(stream, PUBLISHED, [FRAMES]);
      }),
    );
    expect(half).not.toEqual(full);
    expectAllClose(half, full, HALF_TINY_VAE_TOLERANCE, 'pixels');
  });

  test('of a file that makes more frames takes the later ones', async () => {
    const config: TinyVaeConfig = { ...PUBLISHED, decoder_time_upscale: [false, false, true], frames_to_trim: 1 };
    const stream = createTinyVaeStream(await loadTinyDecoder(device, source, config, 'f32'));
    const later = new Map(weights);
    const { shape, values } = weights.get('decoder.13.conv.weight') as { shape: number[]; values: Float32Array };
    later.set('decoder.13.conv.weight', { shape: [8, ...shape.slice(1)], values: values.slice(8 * 8) });
    const latents = videoOf(await device.read(latentsOf(config)), 4, HEIGHT, WIDTH);
    const plain = decodePlain(config, later, latents);
    const expected = channelsInside({ ...plain, frames: plain.frames.slice(1) }).map((value) => 2 * value - 1);
    expectAllClose(await decode(stream, config, [FRAMES]), expected, TINY_VAE_TOLERANCE, 'pixels');
  });

  test('remembers no more the longer a video is', async () => {
    const stream = createTinyVaeStream(await loadTinyDecoder(device, source, PUBLISHED, 'f32'));
    const held: number[] = [];
    for (let frame = 0; frame < 5; frame++) {
      const latents = latentsOf(PUBLISHED, 1);
      for (const pictures of stream.decode(latents)) pictures.dispose();
      latents.dispose();
      held.push(device.memory.liveStorages);
    }
    expect(new Set(held.slice(1)).size).toBe(1);
    stream.dispose();
    expect(device.memory.liveStorages).toBe(held[1] - 9); // the frame before of nine blocks
  });

  test('refuses what does not fit', async () => {
    const stream = createTinyVaeStream(await loadTinyDecoder(device, source, PUBLISHED, 'f32'));
    const channels = () => [...stream.decode(device.zeros([1, 5, 2, 2]))];
    expect(channels).toThrow('tiny vae: latents: expected shape [?, 4, ?, ?]');
    for (const pictures of stream.decode(latentsOf(PUBLISHED, 1))) pictures.dispose();
    expect(() => [...stream.decode(device.zeros([1, 4, 3, 3]))]).toThrow('latent frames are 2x3, found 3x3');
    const encoding = createTinyVaeEncodeStream(await loadTinyEncoder(device, source, PUBLISHED, 'f32'));
    expect(() => encoding.encode(device.zeros([5, 8, 8, 3]))).toThrow('made of 4 pictures, found 5');
    expect(() => encoding.encode(device.zeros([4, 12, 8, 3]))).toThrow('multiples of 8, found 12x8');
    const { encoder_width: _, ...alone } = PUBLISHED;
    await expect(loadTinyEncoder(device, source, alone, 'f32')).rejects.toThrow('found the decoder only');
  });
});
