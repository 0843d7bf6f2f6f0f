import { describe, expect, test } from 'vitest';
import { weightsIdentity } from '../../../src/pipelines/prompts/weightsIdentity.js';
import { MemorySource } from '../../support/memorySource.js';
import { normal } from '../../support/twins.js';

const tensors = () => ({
  wide: { shape: [40_000, 2], values: normal(1, 80_000) }, // longer than what is sampled of it
  norm: { shape: [8], values: normal(2, 8) },
  empty: { shape: [0, 4], values: new Float32Array() },
});

describe('weightsIdentity', () => {
  test('is the same for the same tensors in another order, and is read once', async () => {
    const { wide, norm, empty } = tensors();
    const source = new MemorySource(tensors());
    const identity = await weightsIdentity(source);
    const reads = source.reads.length;
    expect(await weightsIdentity(source)).toBe(identity);
    expect(source.reads).toHaveLength(reads);
    expect(await weightsIdentity(new MemorySource({ norm, empty, wide }))).toBe(identity);
  });

  test('differs where a name, a shape or a value at an end of a tensor does', async () => {
    const { wide, norm, empty } = tensors();
    const changed = (position: number) => ({ ...wide, values: wide.values.with(position, 7) });
    const others: Record<string, { shape: number[]; values: Float32Array }>[] = [
      { wide, norm, empty },
      { wide, other: norm, empty },
      { wide: { ...wide, shape: [20_000, 4] }, norm, empty },
      { wide: changed(0), norm, empty },
      { wide: changed(79_999), norm, empty },
      { wide, norm, empty: { ...empty, shape: [4, 0] } },
    ];
    const identities = await Promise.all(others.map((other) => weightsIdentity(new MemorySource(other))));
    expect(new Set(identities).size).toBe(others.length);
  });

  test('samples tensors of a large model evenly', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`t${index}`, { shape: [1], values: Float32Array.of(index) }]),
    );
    const source = new MemorySource(many);
    await weightsIdentity(source);
    const sampled = new Set(source.reads.map((read) => read.split('[')[0]));
    expect(sampled.size).toBe(32);
  });
});
