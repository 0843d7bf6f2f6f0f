import { expect, test } from 'vitest';
import { pairsOf } from '../../src/compare/pairs.js';

const prompts = ['a red circle', 'a RED circle', 'eine rote Tür', '赤い丸'];

test('every prompt with every seed, under a name that is a file’s', async () => {
  const pairs = await pairsOf(prompts, ['0', '7']);
  expect(pairs.map(({ prompt, seed }) => [prompt, seed])).toEqual(
    prompts.flatMap((prompt) => [
      [prompt, '0'],
      [prompt, '7'],
    ]),
  );
  expect(new Set(pairs.map(({ name }) => name)).size).toBe(8);
  for (const { name } of pairs) expect(name).toMatch(/^[a-z0-9-]{10,70}$/);
});

test('a name does not change with the list that its prompt stands in', async () => {
  const [last] = await pairsOf([prompts[3]], ['7']);
  expect((await pairsOf(prompts, ['3', '7'])).map(({ name }) => name)).toContain(last.name);
});

test('the same prompt or seed twice is refused', async () => {
  await expect(pairsOf(['a', 'b', 'a'], ['0'])).rejects.toThrow('the prompt "a" is there twice');
  await expect(pairsOf(['a'], ['1', '1'])).rejects.toThrow('the seed "1" is there twice');
});

test("a video has the name that VBench's scripts look for, and no other prompt's", async () => {
  const files = (await pairsOf(prompts, ['0', '7'])).map(({ file }) => file);
  expect(files.slice(0, 2)).toEqual(['a red circle-0.mp4', 'a red circle-7.mp4']);
  expect(files[2]).toMatch(/^a RED circle~[0-9a-f]{8}-0\.mp4$/);
  expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(8);
});
