import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { vaeEncoderTensors } from '../../src/models/wan/checkpoint/expectedTensors.js';
import { freeVaeEncoder, loadVaeEncoder } from '../../src/models/wan/vae/encoderWeights.js';
import { createVaeEncodeStream, type VaeEncodeStream } from '../../src/models/wan/vae/encodeStream.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { VAE_TOLERANCE } from '../support/tolerance.js';
import { normal, run, seeds, sizes } from '../support/twins.js';
import { encodeWhole, TINY_ENCODER, tinyEncoder, tinyWeights } from './tinyVae.js';

const encoder = await tinyEncoder(device);

interface Video {
  /** Pieces: one picture, then four each. */
  readonly pieces: number;
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

function video(pieces: number, height: number, width: number, seed: number): Video {
  return { pieces, height, width, values: normal(seed, (4 * pieces - 3) * height * width * 3, 0.5) };
}

const videos = fc
  .record({ pieces: sizes(3), height: sizes(3), width: sizes(3), seed: seeds })
  .map(({ pieces, height, width, seed }) => video(pieces, 8 * height, 8 * width, seed));

function upload({ values, height, width }: Video, first = 0, end = values.length / (height * width * 3)): Tensor {
  const picture = height * width * 3;
  return device.upload(values.slice(first * picture, end * picture), [end - first, height, width, 3]);
}

/** Every latent frame, values [frames][channels * height * width]. */
async function encode(stream: VaeEncodeStream, clip: Video): Promise<Float32Array[]> {
  const latents: Float32Array[] = [];
  for (let piece = 0; piece < clip.pieces; piece++) {
    const pixels = upload(clip, piece === 0 ? 0 : 4 * piece - 3, 4 * piece + 1);
    const latent = stream.encode(pixels);
    latents.push((await device.read(latent)) as Float32Array);
    pixels.dispose();
    latent.dispose();
  }
  return latents;
}

async function encodeAfresh(clip: Video): Promise<Float32Array[]> {
  const stream = createVaeEncodeStream(encoder);
  try {
    return await encode(stream, clip);
  } finally {
    stream.dispose();
  }
}

const join = (parts: readonly Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));

describe('the VAE encode stream', () => {
  test('gives one latent frame for the first picture and for every four after it', () => {
    const clip = video(3, 16, 24, 1);
    const stream = createVaeEncodeStream(encoder);
    const shapes = [upload(clip, 0, 1), upload(clip, 1, 5), upload(clip, 5, 9)].map(
      (pixels) => stream.encode(pixels).shape,
    );
    expect(shapes).toEqual(Array.from({ length: 3 }, () => [1, TINY_ENCODER.z_dim, 2, 3]));
    stream.dispose();
  });

  test('equals encoding all pictures at once without any cache', async () => {
    await fc.assert(
      fc.asyncProperty(videos, async (clip) => {
        const whole = await run(() => encodeWhole(encoder, upload(clip)));
        expectAllClose(join(await encodeAfresh(clip)), whole, VAE_TOLERANCE, 'streamed against whole');
      }),
      { numRuns: 10 },
    );
  });

  test('does not let a later picture change an earlier latent frame', async () => {
    await fc.assert(
      fc.asyncProperty(videos, fc.nat(), async (clip, pick) => {
        const picture = clip.height * clip.width * 3;
        const changed = pick % (4 * clip.pieces - 3);
        const values = clip.values.map((value, index) => (index >= changed * picture ? value + 0.5 : value));
        const [before, after] = [await encodeAfresh(clip), await encodeAfresh({ ...clip, values })];
        const piece = Math.ceil(changed / 4);
        expect(after.slice(0, piece)).toEqual(before.slice(0, piece));
        expect(after[piece]).not.toEqual(before[piece]);
      }),
      { numRuns: 10 },
    );
  });

  test('holds the same memory after every piece, and none when disposed', async () => {
    const stream = createVaeEncodeStream(encoder);
    const before = device.memory.liveStorages;
    const held: number[] = [];
    for (let pieces = 1; pieces <= 6; pieces++) {
      const pixels = upload(video(2, 8, 8, pieces), 0, pieces === 1 ? 1 : 4);
      stream.encode(pixels).dispose();
      pixels.dispose();
      held.push(device.memory.liveStorages);
    }
    expect(new Set(held).size).toBe(1);
    stream.dispose();
    expect(device.memory.liveStorages).toBe(before);
  });

  test('refuses another number of pictures, another size, and sizes that do not divide', () => {
    const stream = createVaeEncodeStream(encoder);
    const zeros = (...shape: number[]) => device.zeros(shape);
    expect(() => stream.encode(zeros(4, 8, 8, 3))).toThrow('expected shape [1, ?, ?, 3], found [4, 8, 8, 3]');
    expect(() => stream.encode(zeros(1, 12, 8, 3))).toThrow('must be multiples of 8, found 12x8');
    stream.encode(zeros(1, 8, 8, 3));
    expect(() => stream.encode(zeros(1, 8, 8, 3))).toThrow('expected shape [4, ?, ?, 3], found [1, 8, 8, 3]');
    expect(() => stream.encode(zeros(4, 16, 8, 3))).toThrow("this video's pictures are 8x8, found 16x8");
    stream.dispose();
  });

  test('begins a new video, of another size too, after a reset', async () => {
    const clip = video(2, 8, 16, 5);
    const stream = createVaeEncodeStream(encoder);
    await encode(stream, video(2, 16, 8, 6));
    stream.reset();
    expect(await encode(stream, clip)).toEqual(await encodeAfresh(clip));
    stream.dispose();
  });
});

describe('loadVaeEncoder', () => {
  test('reads each of the encoder’s tensors once, and gives all memory back', async () => {
    const before = device.memory.liveStorages;
    const source = tinyWeights(TINY_ENCODER, 3, vaeEncoderTensors);
    const announced: string[] = [];
    const loaded = await loadVaeEncoder(device, source, TINY_ENCODER, 'f16', (name) => announced.push(name));
    expect(loaded.first.weight.dtype).toBe('f16');
    freeVaeEncoder(loaded);
    expect(device.memory.liveStorages).toBe(before);
    expect([...source.reads].sort()).toEqual([...source.names()].sort());
    expect(announced).toEqual(source.reads);
  });

  test('says so where the checkpoint has the decoder only', async () => {
    const load = loadVaeEncoder(device, tinyWeights(TINY_ENCODER, 3), TINY_ENCODER, 'f32');
    await expect(load).rejects.toThrow('memory: expected a VAE with its encoder');
  });
});
