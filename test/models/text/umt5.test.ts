import { describe, expect, test } from 'vitest';
import { TensorLoader } from '../../../src/models/wan/loadTensors.js';
import {
  freeTextEncoder,
  loadTextEncoder,
  loadTextEncoderLayer,
  type TextEncoderModel,
} from '../../../src/models/wan/text/encoderWeights.js';
import { encodePrompt, encoderStates, relativePositionBuckets } from '../../../src/models/wan/text/umt5.js';
import type { Device } from '../../../src/tensor/device.js';
import { bfloat16ToFloat32, float32ToBfloat16, float32ToHalf, halfToFloat32 } from '../../../src/tensor/sixteenBit.js';
import { expectAllClose } from '../../support/allclose.js';
import { device, referenceDevice } from '../../support/device.js';
import { MemorySource } from '../../support/memorySource.js';
import { UMT5_TOLERANCE } from '../../support/tolerance.js';
import { normal } from '../../support/twins.js';
import { plainUmt5 } from './plainUmt5.js';

const config = {
  ...{ type: 'umt5' as const, shared_pos: false as const, num_buckets: 32, vocab: 50 },
  // dim_attn differs from dim, so that mixing the two up shows.
  ...{ dim: 24, dim_attn: 18, dim_ffn: 40, num_heads: 3, num_layers: 2 },
};

/** Random weights under official names; `round` changes the matrices. */
function source(round = (values: Float32Array) => values): MemorySource {
  const { vocab, dim, dim_attn, dim_ffn, num_buckets, num_heads, num_layers } = config;
  let seed = 100;
  const matrix = (rows: number, columns: number) => ({
    shape: [rows, columns],
    values: round(normal(seed++, rows * columns, columns ** -0.5)),
  });
  const gain = () => ({ shape: [dim], values: normal(seed++, dim, 0.2).map((value) => 1 + value) });
  const table = (rows: number, columns: number) => ({ shape: [rows, columns], values: normal(seed++, rows * columns) });
  const blocks = Array.from({ length: num_layers }, (_, layer) => ({
    [`blocks.${layer}.norm1.weight`]: gain(),
    [`blocks.${layer}.attn.q.weight`]: matrix(dim_attn, dim),
    [`blocks.${layer}.attn.k.weight`]: matrix(dim_attn, dim),
    [`blocks.${layer}.attn.v.weight`]: matrix(dim_attn, dim),
    [`blocks.${layer}.attn.o.weight`]: matrix(dim, dim_attn),
    [`blocks.${layer}.norm2.weight`]: gain(),
    [`blocks.${layer}.ffn.gate.0.weight`]: matrix(dim_ffn, dim),
    [`blocks.${layer}.ffn.fc1.weight`]: matrix(dim_ffn, dim),
    [`blocks.${layer}.ffn.fc2.weight`]: matrix(dim, dim_ffn),
    [`blocks.${layer}.pos_embedding.embedding.weight`]: table(num_buckets, num_heads),
  }));
  return new MemorySource(
    Object.assign({ 'token_embedding.weight': table(vocab, dim), 'norm.weight': gain() }, ...blocks),
  );
}

/** A prompt of 70 tokens (more than one chunk of keys), then padding. */
const LENGTH = 70;
const ids = Int32Array.from({ length: 80 }, (_, position) => (position < LENGTH ? (position * 7) % config.vocab : 0));

async function encode(encoder: TextEncoderModel, tokens = ids, length = LENGTH): Promise<Float32Array | Float64Array> {
  const encoded = await encodePrompt(encoder, tokens, length);
  expect(encoded.shape).toEqual([tokens.length, config.dim]);
  const values = await encoder.device.read(encoded);
  encoded.dispose();
  return values;
}

async function encodeOn(on: Device, from = source(), dtype: 'f32' | 'bf16' | 'f16' = 'f32') {
  const encoder = await loadTextEncoder(on, from, config, dtype);
  const values = await encode(encoder);
  freeTextEncoder(encoder);
  return values;
}

describe('relativePositionBuckets', () => {
  test('counts near distances one by one, keys after the query in the upper half', () => {
    expect([...relativePositionBuckets(4, 32)]).toEqual([3, 2, 1, 0, 17, 18, 19]);
  });

  test('spans far distances logarithmically up to 128', () => {
    const length = 300;
    const buckets = relativePositionBuckets(length, 32);
    const at = (distance: number) => buckets[distance + length - 1];
    // Steps of a factor sqrt(2) from 8 on: 8, 11.3, 16, 22.6, 32, 45.3, 64, 90.5.
    const firsts = [8, 12, 16, 23, 32, 46, 64, 91];
    firsts.forEach((first, step) => {
      expect([at(-first), at(1 - first)], `distance ${first}`).toEqual([8 + step, 7 + step]);
      expect(at(first), `distance ${first}`).toBe(24 + step);
    });
    expect([at(-128), at(-299), at(299)]).toEqual([15, 15, 31]);
  });

  test('of one token is bucket 0', () => expect([...relativePositionBuckets(1, 32)]).toEqual([0]));
});

describe('encodePrompt', () => {
  test.each([device, referenceDevice])(
    'on $name, agrees with a plain implementation of the specification',
    async (on) => {
      const from = source();
      const { num_layers: layers, num_heads: heads, dim } = config;
      const expected = plainUmt5({ layers, heads, rows: (name) => from.rows(name) }, [
        ...ids.subarray(0, LENGTH),
      ]).flat();
      expectAllClose((await encodeOn(on)).subarray(0, LENGTH * dim), expected, UMT5_TOLERANCE);
    },
  );

  test('leaves rows past the prompt zero, whatever the padding is', async () => {
    const encoder = await loadTextEncoder(device, source(), config, 'f32');
    const encoded = await encode(encoder);
    expect(encoded.slice(LENGTH * config.dim).every((value) => value === 0)).toBe(true);
    const otherPadding = ids.map((id, position) => (position < LENGTH ? id : 5));
    expect(await encode(encoder, otherPadding)).toEqual(encoded);
    const noPadding = ids.slice(0, LENGTH);
    expect(await encode(encoder, noPadding)).toEqual(encoded.slice(0, LENGTH * config.dim));
    freeTextEncoder(encoder);
  });

  test('gives the rows that running the padding along would give', async () => {
    const encoder = await loadTextEncoder(device, source(), config, 'f32');
    const names: string[] = [];
    let last: Float32Array | Float64Array = new Float32Array();
    for await (const { name, hidden } of encoderStates(encoder, ids, LENGTH)) {
      names.push(name);
      last = await device.read(hidden);
    }
    expect(names).toEqual(['token_embedding', 'block0', 'block1', 'norm']);
    const whole = last.slice(0, LENGTH * config.dim);
    expectAllClose((await encode(encoder)).slice(0, whole.length), whole, UMT5_TOLERANCE);
    freeTextEncoder(encoder);
  });

  test('hears every token, and the order of tokens', async () => {
    const encoder = await loadTextEncoder(device, source(), config, 'f32');
    const encoded = await encode(encoder);
    const changed = await encode(encoder, ids.with(LENGTH - 1, 3));
    expect(changed.slice(0, config.dim)).not.toEqual(encoded.slice(0, config.dim));
    const swapped = await encode(encoder, ids.with(10, ids[11]).with(11, ids[10]));
    expect(swapped.slice(0, config.dim)).not.toEqual(encoded.slice(0, config.dim));
    freeTextEncoder(encoder);
  });

  test('takes layers that are loaded one at a time, with the same bits', async () => {
    const from = source();
    const load = new TensorLoader(device, from, 'f32');
    async function* streamed() {
      for (let layer = 0; layer < config.num_layers; layer++) {
        const loaded = await loadTextEncoderLayer(load, layer);
        yield loaded;
        for (const tensor of Object.values(loaded)) tensor.dispose();
      }
    }
    const norm = await load.values('norm.weight');
    const values = await encode({ device, source: from, config, layers: streamed(), norm });
    norm.dispose();
    expect(values).toEqual(await encodeOn(device));
  });

  test.each([
    { dtype: 'bf16' as const, rounded: (values: Float32Array) => bfloat16ToFloat32(float32ToBfloat16(values)) },
    { dtype: 'f16' as const, rounded: (values: Float32Array) => halfToFloat32(float32ToHalf(values)) },
  ])('with $dtype matrices is what the rounded matrices give in f32', async ({ dtype, rounded }) => {
    const packed = await encodeOn(device, source(), dtype);
    expect(packed).toEqual(await encodeOn(device, source(rounded)));
    expect(packed).not.toEqual(await encodeOn(device));
  });

  test('reads only the embeddings of the tokens that occur, adjacent ones at once', async () => {
    const from = source();
    const encoder = await loadTextEncoder(device, from, config, 'f32');
    expect(from.reads.some((name) => name.startsWith('token_embedding'))).toBe(false);
    await encode(encoder, Int32Array.of(4, 9, 5, 4, 1, 0), 5);
    expect(from.reads.filter((name) => name.startsWith('token_embedding')).sort()).toEqual([
      'token_embedding.weight[1, 1]',
      'token_embedding.weight[4, 2]',
      'token_embedding.weight[9, 1]',
    ]);
    freeTextEncoder(encoder);
  });

  test('frees all it allocates, also when it is stopped half way', async () => {
    const before = device.memory.liveStorages;
    const encoder = await loadTextEncoder(device, source(), config, 'f32');
    const loaded = device.memory.liveStorages;
    await encode(encoder);
    for await (const { name } of encoderStates(encoder, ids, LENGTH)) if (name === 'block0') break;
    expect(device.memory.liveStorages).toBe(loaded);
    freeTextEncoder(encoder);
    expect(device.memory.liveStorages).toBe(before);
  });

  test('refuses ids past the vocabulary and prompts without a token', async () => {
    const encoder = await loadTextEncoder(device, source(), config, 'f32');
    await expect(encodePrompt(encoder, Int32Array.of(1, 50), 2)).rejects.toThrow(
      'expected token ids below 50, found 50: the tokenizer and the text encoder are not a pair',
    );
    await expect(encodePrompt(encoder, ids, 0)).rejects.toThrow('expected 1 to 80 tokens of a prompt, found 0');
    freeTextEncoder(encoder);
  });
});
