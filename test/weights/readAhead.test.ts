import { describe, expect, test } from 'vitest';
import { readAhead } from '../../src/weights/readAhead.js';
import { MemorySource } from '../support/memorySource.js';

const names = ['a', 'b', 'c', 'd', 'e'];

/** Five tensors of 8 bytes. */
function source(): MemorySource {
  return new MemorySource(
    Object.fromEntries(names.map((name, index) => [name, { shape: [2], values: Float32Array.of(index, -index) }])),
  );
}

const first = (bytes: Uint8Array) => new Float32Array(bytes.buffer)[0];

describe('readAhead', () => {
  test('reads nothing before it is asked, then as much ahead as it may', async () => {
    const from = source();
    const ahead = readAhead(from, names, 16);
    expect(from.reads).toEqual([]);
    expect(first(await ahead.source.read('a'))).toBe(0);
    expect(from.reads).toEqual(['a', 'b', 'c']);
    expect(first(await ahead.source.read('b'))).toBe(1);
    expect(from.reads).toEqual(['a', 'b', 'c', 'd']);
    expect(first(await ahead.source.read('c'))).toBe(2);
    expect(from.reads).toEqual(names);
  });

  test('reads one ahead where one alone is more than it may', async () => {
    const from = source();
    await readAhead(from, names, 1).source.read('a');
    expect(from.reads).toEqual(['a', 'b']);
  });

  test('gives what is asked for out of order, too', async () => {
    const from = source();
    const { source: ahead } = readAhead(from, names, 8);
    const order = ['c', 'a', 'd', 'c', 'e', 'b'];
    for (const name of order) expect(first(await ahead.read(name)), name).toBe(names.indexOf(name));
  });

  test('throws what failed ahead where it is asked for, not before', async () => {
    const from = source();
    const read = from.read.bind(from);
    from.read = async (name) => {
      if (name === 'b') throw new Error('bad sector');
      return read(name);
    };
    const { source: ahead } = readAhead(from, names, 100);
    await ahead.read('a');
    await new Promise((resolve) => setTimeout(resolve, 5)); // time for an unhandled rejection to end the test run
    await expect(ahead.read('b')).rejects.toThrow('bad sector');
    expect(first(await ahead.read('c'))).toBe(2);
  });

  test('reads no further once it is stopped', async () => {
    const from = source();
    const ahead = readAhead(from, names, 8);
    await ahead.source.read('a');
    ahead.stop();
    await ahead.source.read('b');
    expect(from.reads).toEqual(['a', 'b', 'b']);
  });
});
