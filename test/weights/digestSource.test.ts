import { describe, expect, test } from 'vitest';
import { digestSource } from '../../src/weights/digestSource.js';
import { MemorySource } from '../support/memorySource.js';
import { normal } from '../support/twins.js';

const tensors = () => ({
  wide: { shape: [40_000, 2], values: normal(1, 80_000) }, // longer than what is sampled of it
  norm: { shape: [8], values: normal(2, 8) },
  empty: { shape: [0, 4], values: new Float32Array() },
});

describe('digestSource', () => {
  test('is the same for the same tensors in another order', async () => {
    const { wide, norm, empty } = tensors();
    const source = new MemorySource(tensors());
    const identity = await digestSource(source);
    expect(await digestSource(source)).toBe(identity);
    expect(await digestSource(new MemorySource({ norm, empty, wide }))).toBe(identity);
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
    for (const wholeBytes of [2 ** 20, 1024]) {
      const digests = await Promise.all(others.map((other) => digestSource(new MemorySource(other), wholeBytes)));
      expect(new Set(digests).size).toBe(others.length);
    }
  });

  test('differs where any value does, unless the source is so large that only its ends are read', async () => {
    const { wide, norm, empty } = tensors();
    const middle = new MemorySource({ wide: { ...wide, values: wide.values.with(40_000, 7) }, norm, empty });
    expect(await digestSource(middle)).not.toBe(await digestSource(new MemorySource(tensors())));
    expect(await digestSource(middle, 1024)).toBe(await digestSource(new MemorySource(tensors()), 1024));
  });

  test('samples tensors of a large model evenly', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`t${index}`, { shape: [1], values: Float32Array.of(index) }]),
    );
    const source = new MemorySource(many);
    await digestSource(source, 100);
    const sampled = new Set(source.reads.map((read) => read.split('[')[0]));
    expect(sampled.size).toBe(32);
  });
});
