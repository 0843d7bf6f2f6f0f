import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { modelSchema, parseConfig } from '../../src/models/wan/config.js';
import type { WeightType } from '../../src/models/wan/loadTensors.js';
import { freeVaeDecoder, loadVaeDecoder } from '../../src/models/wan/vae/decoderWeights.js';
import { createVaeStream } from '../../src/models/wan/vae/decodeStream.js';
import { freeVaeEncoder, loadVaeEncoder } from '../../src/models/wan/vae/encoderWeights.js';
import { createVaeEncodeStream } from '../../src/models/wan/vae/encodeStream.js';
import { readConfig } from '../../src/node/model/modelTexts.js';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { maxDifference } from '../support/allclose.js';
import { device } from '../support/device.js';
import { TOY_AGAIN_TOLERANCE, TOY_HALF_TOLERANCE, TOY_PICTURE_TOLERANCE } from '../support/tolerance.js';

// The trained VAE: what it was trained for is known, so a picture must come back.

const SIZE = 64;
const PICTURES = 9;
const source = await openTensorSource(join(toyWorld, 'vae.safetensors'));
const path = join(toyWorld, 'config.json');
const { vae } = parseConfig(modelSchema, await readConfig(path), path);
afterAll(() => source.close());

/** Pictures [pictures, size, size, 3] there and back: encoded, the latents decoded. */
async function thereAndBack(pictures: Float32Array, type: WeightType): Promise<Float32Array> {
  const encoder = await loadVaeEncoder(device, source, vae, type);
  const decoder = await loadVaeDecoder(device, source, vae, type);
  const [encoding, decoding] = [createVaeEncodeStream(encoder), createVaeStream(decoder)];
  const values: number[] = [];
  const picture = SIZE * SIZE * 3;
  for (let first = 0; first < PICTURES; first += first === 0 ? 1 : 4) {
    const count = first === 0 ? 1 : 4;
    const pixels = device.upload(pictures.slice(first * picture, (first + count) * picture), [count, SIZE, SIZE, 3]);
    const latent = encoding.encode(pixels);
    pixels.dispose();
    for (const decoded of decoding.decode(latent)) {
      values.push(...(await device.read(decoded)));
      decoded.dispose();
    }
    latent.dispose();
  }
  for (const stream of [encoding, decoding]) stream.dispose();
  freeVaeEncoder(encoder);
  freeVaeDecoder(decoder);
  return Float32Array.from(values);
}

/** A red circle moves over a navy background, as the toy world's clips have it. */
function drawClip(): Float32Array {
  const pictures = new Float32Array(PICTURES * SIZE * SIZE * 3);
  for (let index = 0; index < pictures.length / 3; index++) {
    const [column, row, picture] = [index % SIZE, Math.floor(index / SIZE) % SIZE, Math.floor(index / SIZE / SIZE)];
    const isInside = Math.hypot(column - 20 - 2 * picture, row - 32) < 10;
    pictures.set(isInside ? [0.8, -0.7, -0.7] : [-0.87, -0.83, -0.45], 3 * index);
  }
  return pictures;
}

const meanDifference = (left: Float32Array, right: Float32Array) =>
  left.reduce((sum, value, index) => sum + Math.abs(value - right[index]), 0) / left.length;

describe('the toy world’s VAE', () => {
  test('gives a drawn video back, and what it gave back again', async () => {
    const drawn = drawClip();
    const once = await thereAndBack(drawn, 'f32');
    expect(once.length).toBe(drawn.length);
    const twice = await thereAndBack(once, 'f32');
    expect(meanDifference(once, drawn)).toBeLessThan(TOY_PICTURE_TOLERANCE);
    expect(meanDifference(twice, once)).toBeLessThan(TOY_AGAIN_TOLERANCE);
  });

  test('gives nearly the same pictures in 16 bits', async () => {
    const drawn = drawClip();
    const { difference } = maxDifference(await thereAndBack(drawn, 'f16'), await thereAndBack(drawn, 'f32'));
    expect(difference).toBeLessThan(TOY_HALF_TOLERANCE);
  });
});
