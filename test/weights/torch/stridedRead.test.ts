import { expect, test } from 'vitest';
import { readStrided, type StridedView } from '../../../src/weights/torch/stridedRead.js';

const MIB = 2 ** 20;

/** Indices into the storage of a view's elements, row-major. */
function indicesOf({ shape, strides, offset }: StridedView): number[] {
  return shape.reduce(
    (found, size, axis) =>
      found.flatMap((index) => Array.from({ length: size }, (_, step) => index + step * strides[axis])),
    [offset],
  );
}

/** A storage of 32-bit words, each holding its own index where the view looks; never read past 64 MiB at once. */
function storageFor(indices: readonly number[]) {
  const reads: [begin: number, end: number][] = [];
  const read = async (begin: number, byteLength: number): Promise<Uint8Array> => {
    reads.push([begin, begin + byteLength]);
    const words = new Uint32Array(byteLength / 4);
    for (const index of indices)
      if (index * 4 >= begin && index * 4 < begin + byteLength) words[index - begin / 4] = index;
    return new Uint8Array(words.buffer);
  };
  return { read, reads };
}

test.each<[string, StridedView]>([
  ['rows far apart', { shape: [5, 3], strides: [30 * MIB, 1], offset: 7 }],
  ['columns far apart', { shape: [3, 5], strides: [1, 30 * MIB], offset: 7 }],
  ['two axes far apart, one repeated', { shape: [2, 3, 4], strides: [100 * MIB, 0, 25 * MIB], offset: 0 }],
])('%s: gathered from pieces of at most 64 MiB, none read twice', async (_name, view) => {
  const indices = indicesOf(view);
  const { read, reads } = storageFor(indices);
  const bytes = await readStrided(view, 4, 'f', read);
  expect([...new Uint32Array(bytes.buffer)]).toEqual(indices);
  reads.sort(([left], [right]) => left - right);
  for (const [index, [begin, end]] of reads.entries()) {
    expect(end - begin).toBeLessThanOrEqual(64 * MIB);
    expect(begin).toBeGreaterThanOrEqual(index === 0 ? 0 : reads[index - 1][1]);
  }
});

test('rows that lie across each other over a wide range are refused before they are read again and again', async () => {
  const view = { shape: [100, 100], strides: [4 * MIB + 1, 4 * MIB], offset: 0 };
  let total = 0;
  const read = async (_begin: number, byteLength: number) => {
    total += byteLength;
    return new Uint8Array(byteLength);
  };
  await expect(readStrided(view, 4, 'f', read)).rejects.toThrow(
    /f: .*rows lie across each other: call \.contiguous\(\)/,
  );
  expect(total).toBeLessThan(8 * 1000 * MIB);
});

test('a dense view is one read', async () => {
  const { read, reads } = storageFor([5]);
  await readStrided({ shape: [3, 1, 2], strides: [2, 99, 1], offset: 5 }, 4, 'f', read);
  expect(reads).toEqual([[20, 44]]);
});
