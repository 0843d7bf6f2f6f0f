import { expect, test } from 'vitest';
import { MemoryPromptStore } from '../../src/pipelines/prompts/memoryPromptStore.js';

const embeds = (value: number) => new Float32Array(6).fill(value);

test('gives back what was kept, in the shape that it was kept in', async () => {
  const store = new MemoryPromptStore();
  expect(await store.read('a', [2, 3])).toBeUndefined();
  expect(await store.write('a', embeds(1))).toBeUndefined();
  expect(await store.read('a', [2, 3])).toEqual(embeds(1));
  expect(await store.read('a', [3, 3])).toBeUndefined();
});

test('past its size the entry that was not used for longest is dropped, and the newest never', async () => {
  const store = new MemoryPromptStore(2 * embeds(0).byteLength);
  for (const key of ['a', 'b', 'b']) await store.write(key, embeds(1));
  expect(await store.read('a', [2, 3])).toBeDefined();
  await store.write('c', embeds(3));
  const left = await Promise.all(['a', 'b', 'c'].map((key) => store.read(key, [2, 3])));
  expect(left.map((found) => found !== undefined)).toEqual([true, false, true]);
  const tiny = new MemoryPromptStore(1);
  await tiny.write('a', embeds(1));
  expect(await tiny.read('a', [2, 3])).toBeUndefined();
});
