import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freeVaeDecoder, loadVaeDecoder } from '../../src/models/wan/vae/decoderWeights.js';
import { createVaeStream, type VaeStream } from '../../src/models/wan/vae/decodeStream.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { expectAllClose } from '../support/allclose.js';
import { device } from '../support/device.js';
import { VAE_TOLERANCE } from '../support/tolerance.js';
import { normal, run, seeds, sizes } from '../support/twins.js';
import { decodeWhole, TINY_VAE, tinyDecoder, tinyWeights } from './tinyVae.js';

const decoder = await tinyDecoder(device);

/** Latents of several frames, so that any of them can be uploaded. */
interface Clip {
  readonly values: Float32Array;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
}

const clips = fc
  .record({ frames: sizes(5), height: sizes(4), width: sizes(5), seed: seeds })
  .map(({ seed, ...size }): Clip => {
    return { ...size, values: normal(seed, size.frames * TINY_VAE.z_dim * size.height * size.width) };
  });

function upload(clip: Clip, first = 0, end = clip.frames): Tensor {
  const frame = clip.values.length / clip.frames;
  const chosen = clip.values.slice(first * frame, end * frame);
  return device.upload(chosen, [end - first, TINY_VAE.z_dim, clip.height, clip.width]);
}

/** The pixels of each latent frame, decoded in pieces that end where `cuts` say. */
async function decode(
  stream: Pick<VaeStream, 'decode'>,
  clip: Clip,
  cuts: readonly number[] = [],
): Promise<Float32Array[]> {
  const pixels: Float32Array[] = [];
  let first = 0;
  for (const end of [...cuts, clip.frames]) {
    if (end <= first || end > clip.frames) continue;
    const latents = upload(clip, first, end);
    for (const frames of stream.decode(latents)) {
      pixels.push((await device.read(frames)) as Float32Array);
      frames.dispose();
    }
    latents.dispose();
    first = end;
  }
  return pixels;
}

async function decodeAfresh(clip: Clip, cuts: readonly number[] = []): Promise<Float32Array[]> {
  const stream = createVaeStream(decoder);
  try {
    return await decode(stream, clip, cuts);
  } finally {
    stream.dispose();
  }
}

/** Some of a clip's frames as a clip. */
function piece(clip: Clip, first: number, end: number): Clip {
  const frame = clip.values.length / clip.frames;
  return { ...clip, frames: end - first, values: clip.values.slice(first * frame, end * frame) };
}

/** One clip up to a frame, another from there on. */
function spliced(start: Clip, rest: Clip, cut: number): Clip {
  const frame = start.values.length / start.frames;
  const values = Float32Array.from([...start.values.slice(0, cut * frame), ...rest.values.slice(cut * frame)]);
  return { ...start, values };
}

const join = (parts: readonly Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));

describe('the VAE stream', () => {
  test('gives one frame for the first latent frame and doubles it at each temporal upsampling after', async () => {
    const stream = createVaeStream(decoder);
    const latents = upload({ frames: 3, height: 2, width: 3, values: normal(1, 3 * 4 * 2 * 3) });
    const shapes = [...stream.decode(latents)].map(({ shape }) => shape);
    expect(shapes).toEqual([
      [1, 16, 24, 3],
      [4, 16, 24, 3],
      [4, 16, 24, 3],
    ]);
    stream.dispose();
  });

  test('a fork decodes what would come next, and the stream goes on as if there had been none', async () => {
    await fc.assert(
      fc.asyncProperty(clips, seeds, fc.nat(4), async (clip, seed, at) => {
        const cut = at % clip.frames;
        const other = { ...clip, values: normal(seed, clip.values.length) };
        const expected = { kept: await decodeAfresh(clip), tried: await decodeAfresh(spliced(clip, other, cut)) };
        const before = device.memory.liveStorages;
        const stream = createVaeStream(decoder);
        const begun = cut > 0 ? await decode(stream, piece(clip, 0, cut)) : [];
        const fork = stream.fork();
        const tried = await decode(fork, piece(other, cut, clip.frames));
        fork.fork().dispose();
        fork.dispose();
        const kept = await decode(stream, piece(clip, cut, clip.frames));
        stream.dispose();
        expect(join([...begun, ...kept])).toEqual(join(expected.kept));
        expect(join([...begun, ...tried])).toEqual(join(expected.tried));
        expect(device.memory.liveStorages).toBe(before);
      }),
      { ...run, numRuns: 8 },
    );
  });

  test('equals decoding all frames at once without any cache', async () => {
    await fc.assert(
      fc.asyncProperty(clips, async (clip) => {
        const whole = await run(() => decodeWhole(decoder, upload(clip)));
        expectAllClose(join(await decodeAfresh(clip)), whole, VAE_TOLERANCE, 'streamed against whole');
      }),
      { numRuns: 10 },
    );
  });

  test('gives the same bits however the latents are cut', async () => {
    await fc.assert(
      fc.asyncProperty(clips, fc.array(fc.integer({ min: 1, max: 5 })), async (clip, cuts) => {
        const sorted = [...cuts].sort((left, right) => left - right);
        expect(await decodeAfresh(clip, sorted)).toEqual(await decodeAfresh(clip));
      }),
      { numRuns: 10 },
    );
  });

  test('does not let a later latent frame change an earlier picture', async () => {
    await fc.assert(
      fc.asyncProperty(clips, fc.nat(), async (clip, pick) => {
        const changed = pick % clip.frames;
        const frame = clip.values.length / clip.frames;
        const values = clip.values.map((value, index) => (index >= changed * frame ? value + 1 : value));
        const [before, after] = [await decodeAfresh(clip), await decodeAfresh({ ...clip, values })];
        expect(after.slice(0, changed)).toEqual(before.slice(0, changed));
        expect(after[changed]).not.toEqual(before[changed]);
      }),
      { numRuns: 10 },
    );
  });

  test('holds the same memory after 20 frames as after 3, and none when disposed', async () => {
    const stream = createVaeStream(decoder);
    const before = device.memory.liveStorages;
    const held: { liveStorages: number; buffers: number; bytes: number }[] = [];
    for (let frame = 0; frame < 20; frame++) {
      await decode(stream, { frames: 1, height: 3, width: 2, values: normal(frame, 24) });
      await device.synchronize();
      const { liveStorages, buffers, bytes } = device.memory;
      held.push({ liveStorages, buffers, bytes });
    }
    for (const memory of held.slice(3)) expect(memory).toEqual(held[2]);
    stream.dispose();
    expect(device.memory.liveStorages).toBe(before);
  });

  test('begins a new video, of another size too, after a reset', async () => {
    const clip = { frames: 2, height: 2, width: 2, values: normal(5, 32) };
    const stream = createVaeStream(decoder);
    await decode(stream, { frames: 2, height: 3, width: 1, values: normal(6, 24) });
    await expect(decode(stream, clip)).rejects.toThrow("this video's latent frames are 3x1, found 2x2");
    stream.reset();
    expect(await decode(stream, clip)).toEqual(await decodeAfresh(clip));
    stream.dispose();
  });

  test('shows every part to a tap, in forward order', async () => {
    const stream = createVaeStream(decoder);
    const names: string[] = [];
    const latents = upload({ frames: 1, height: 1, width: 1, values: normal(7, 4) });
    for (const pixels of stream.decode(latents, (name) => names.push(name))) pixels.dispose();
    const upsamples = decoder.upsamples.map((_, index) => `decoder.upsamples${index}`);
    const middle = ['decoder.middle0', 'decoder.middle1_attention', 'decoder.middle'];
    expect(names).toEqual(['conv2', 'decoder.conv1', ...middle, ...upsamples, 'pixels_raw']);
    stream.dispose();
  });

  test('refuses to go on where the pictures of a latent frame were not all taken', async () => {
    const clip = { frames: 2, height: 2, width: 2, values: normal(8, 32) };
    const stream = createVaeStream(decoder, { splitBytes: 0 });
    const before = device.memory.liveStorages;
    const latents = upload(clip);
    let taken = 0;
    for (const pixels of stream.decode(latents)) {
      pixels.dispose();
      if (++taken === 2) break;
    }
    expect(() => stream.decode(latents).next()).toThrow('were not all taken: reset the stream');
    latents.dispose();
    stream.reset();
    expect(device.memory.liveStorages).toBe(before);
    expect(join(await decode(stream, clip))).toEqual(join(await decodeAfresh(clip)));
    stream.dispose();
  });
});

describe('loadVaeDecoder', () => {
  test('reads each of the decoder’s tensors once, and gives all memory back', async () => {
    const before = device.memory.liveStorages;
    const source = tinyWeights(TINY_VAE, 3);
    const loaded = await tinyDecoder(device, 3, 'bf16');
    expect(loaded.conv1.weight.dtype).toBe('bf16');
    expect(loaded.conv1.bias.dtype).toBe('f32');
    expect(loaded.upsamples.map(({ kind }) => kind).join()).toBe(
      'residual,resample,residual,resample,residual,resample,residual',
    );
    freeVaeDecoder(loaded);
    expect(device.memory.liveStorages).toBe(before);
    const announced: string[] = [];
    freeVaeDecoder(await loadVaeDecoder(device, source, TINY_VAE, 'f16', (name) => announced.push(name)));
    expect([...source.reads].sort()).toEqual([...source.names()].sort());
    expect(announced).toEqual(source.reads);
  });
});
