import { expect, test } from 'vitest';
import { distributionOf } from '../../src/synthesize/partStreams.js';
import { type RandomTensor, randomTensor } from '../../src/synthesize/randomTensor.js';
import type { FloatDType } from '../../src/synthesize/valueTable.js';
import { normalTable } from '../../src/synthesize/valueTable.js';
import { toFloat32 } from '../../src/weights/convert.js';
import { RANDOM_WEIGHTS_TOLERANCE } from '../support/tolerance.js';

const STANDARD = { mean: 0, deviation: 1 };

function values(tensor: Partial<RandomTensor> & { shape: readonly number[] }, dtype: FloatDType = 'F32'): Float32Array {
  const whole = { seed: '0', section: 'transformer', name: 'weight', distribution: STANDARD, ...tensor };
  const stream = randomTensor(whole, 'any', dtype);
  const bytes = Buffer.concat(Array.from(stream.pieces() as Iterable<Uint8Array>, (piece) => Buffer.from(piece)));
  expect(bytes.length).toBe(stream.byteLength);
  return toFloat32(new Uint8Array(bytes), dtype);
}

const mean = (numbers: Float32Array | Float64Array) => {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum / numbers.length;
};
const correlation = (left: Float32Array, right: Float32Array) => mean(left.map((value, index) => value * right[index]));

test('the table holds the quantiles of the normal distribution', () => {
  const table = normalTable();
  // Python's statistics.NormalDist().inv_cdf((index + 1/2) / 65536). Measured: 1e-14 in the middle, 6e-7 at the end.
  const quantiles = { 32768: 1.91240560515e-5, 63898: 1.9601990099, 65500: 3.26792935882, 65535: 4.32491904083 };
  for (const [index, quantile] of Object.entries(quantiles)) expect(table[Number(index)]).toBeCloseTo(quantile, 5);
  expect(table.every((value, index) => value === -table[65535 - index])).toBe(true);
  expect(mean(table.map((value) => value * value))).toBeCloseTo(1, 4);
});

const MILLION = { shape: [1000, 1000] };

test('values are normal and independent', () => {
  const drawn = values(MILLION);
  expect(Math.abs(mean(drawn))).toBeLessThan(RANDOM_WEIGHTS_TOLERANCE);
  expect(Math.abs(mean(drawn.map((value) => value ** 2)) - 1)).toBeLessThan(RANDOM_WEIGHTS_TOLERANCE);
  expect(Math.abs(mean(drawn.map((value) => value ** 4)) / 3 - 1)).toBeLessThan(2 * RANDOM_WEIGHTS_TOLERANCE);
  // Neighbours share a random word in pairs; rows of a power of two would show a weak counter.
  for (const lag of [1, 2, 3, 64, 1000, 1024, 65536]) {
    expect(Math.abs(correlation(drawn.subarray(lag), drawn.subarray(0, -lag)))).toBeLessThan(RANDOM_WEIGHTS_TOLERANCE);
  }
});

test('tensors differ by seed, section and name, and are independent', () => {
  const drawn = values(MILLION);
  expect(values(MILLION).every((value, index) => value === drawn[index])).toBe(true);
  for (const other of [{ seed: '1' }, { section: 'generator' }, { name: 'bias' }]) {
    expect(Math.abs(correlation(drawn, values({ ...MILLION, ...other })))).toBeLessThan(RANDOM_WEIGHTS_TOLERANCE);
  }
});

test.each(['BF16', 'F16', 'F8_E4M3'] as const)('%s holds the float32 values, rounded', (dtype) => {
  // More than one piece of 4 MiB, and an odd number of values at the end.
  const shape = [3_000_001];
  const distribution = { mean: 1, deviation: 0.2 };
  const [wide, narrow] = [values({ shape, distribution }), values({ shape, distribution }, dtype)];
  // Half the last bit of a number below 2, with 7, 10 or 3 bits of mantissa.
  const halfBit = { BF16: 2 ** -8, F16: 2 ** -11, F8_E4M3: 2 ** -4 }[dtype];
  expect(wide.every((value, index) => Math.abs(value - narrow[index]) <= halfBit)).toBe(true);
});

test('an odd number of values, one, and none', () => {
  for (const count of [0, 1, 3, 5]) {
    for (const dtype of ['F32', 'BF16'] as const) expect(values({ shape: [count] }, dtype)).toHaveLength(count);
  }
  expect(values({ shape: [3] })).toEqual(values({ shape: [4] }).subarray(0, 3));
});

test('each kind of weight has the distribution of the reference data', () => {
  const of = (part: 'transformer' | 'vae' | 'text-encoder', name: string, shape: number[]) => {
    const { mean, deviation } = distributionOf(part, name, shape, 64);
    return [mean, Number(deviation.toFixed(6))];
  };
  expect(of('transformer', 'blocks.0.ffn.2.weight', [1536, 8960])).toEqual([0, 0.010564]);
  expect(of('transformer', 'patch_embedding.weight', [1536, 16, 1, 2, 2])).toEqual([0, 0.125]);
  expect(of('transformer', 'text_embedding.0.weight', [1536, 4096])).toEqual([0, 0.015625]);
  expect(of('transformer', 'blocks.0.norm3.bias', [1536])).toEqual([0, 0.1]);
  expect(of('transformer', 'blocks.0.norm3.weight', [1536])).toEqual([1, 0.2]);
  expect(of('transformer', 'blocks.0.cross_attn.norm_q.weight', [1536])).toEqual([1.5, 0.3]);
  expect(of('transformer', 'blocks.0.modulation', [1, 6, 1536])).toEqual([0, 0.025516]);
  expect(of('transformer', 'head.modulation', [1, 2, 1536])).toEqual([0, 0.025516]);
  expect(of('vae', 'encoder.middle.1.norm.gamma', [384, 1, 1])).toEqual([1, 0.2]);
  expect(of('vae', 'decoder.head.2.weight', [3, 96, 3, 3, 3])).toEqual([0, 0.013749]);
  expect(of('vae', 'encoder.head.2.weight', [32, 384, 3, 3, 3])).toEqual([0, 0.014731]);
  expect(of('text-encoder', 'token_embedding.weight', [256384, 4096])).toEqual([0, 1]);
  expect(of('text-encoder', 'blocks.0.pos_embedding.embedding.weight', [32, 64])).toEqual([0, 1]);
  expect(of('text-encoder', 'blocks.0.attn.q.weight', [4096, 4096])).toEqual([0, 0.00293]);
  expect(of('text-encoder', 'blocks.0.norm1.weight', [4096])).toEqual([1, 0.2]);
  expect(of('text-encoder', 'norm.weight', [4096])).toEqual([1, 0.2]);
});
