import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PromptEmbeddingsCache } from '../../../src/node/caches/promptEmbeddingsCache.js';
import { openTensorSource } from '../../../src/node/model/openTensorSource.js';
import { temporaryFolder } from '../../weights/temporary.js';

const key = (number: number) => number.toString(16).padStart(64, '0');
const values = (rows: number) => Float32Array.from({ length: rows * 4 }, (_, index) => index / 3);

describe('PromptEmbeddingsCache', () => {
  test('gives back what was written, under that key and shape only', async () => {
    const cache = new PromptEmbeddingsCache(join(await temporaryFolder(), 'made', 'on the way'));
    expect(await cache.read(key(1), [3, 4])).toBeUndefined();
    expect(await cache.write(key(1), values(3), [3, 4])).toBeUndefined();
    expect(await cache.read(key(1), [3, 4])).toEqual(values(3));
    expect(await cache.read(key(1), [4, 3])).toBeUndefined();
    expect(await cache.read(key(2), [3, 4])).toBeUndefined();
  });

  test('keeps an entry as a safetensors file', async () => {
    const folder = await temporaryFolder();
    await new PromptEmbeddingsCache(folder).write(key(1), values(2), [2, 4]);
    expect(await readdir(folder)).toEqual([`${key(1)}.safetensors`]);
    const source = await openTensorSource(join(folder, `${key(1)}.safetensors`));
    expect(source.info('prompt_embeds')).toMatchObject({ dtype: 'F32', shape: [2, 4] });
    await source.close();
  });

  test('removes what was not used for longest, never what was just written, and nothing that is not its own', async () => {
    const folder = await temporaryFolder();
    const roomy = new PromptEmbeddingsCache(folder);
    for (const number of [0, 1, 2]) await roomy.write(key(number), values(5), [5, 4]);
    const entry = (await readFile(join(folder, `${key(0)}.safetensors`))).length;
    const cache = new PromptEmbeddingsCache(folder, 3 * entry);
    await writeFile(join(folder, 'notes.txt'), 'x'.repeat(10 * entry));
    await writeFile(join(folder, `${key(9)}.safetensors.123.tmp`), 'left by a run that was killed');
    const age = async (name: string, minutes: number) => {
      const time = new Date(Date.now() - minutes * 60_000);
      await utimes(join(folder, name), time, time);
    };
    await age(`${key(9)}.safetensors.123.tmp`, 40);
    for (const number of [0, 1, 2]) await age(`${key(number)}.safetensors`, 30 - number);
    await cache.read(key(0), [5, 4]); // used now

    await cache.write(key(3), values(5), [5, 4]);
    const names = await readdir(folder);
    expect(names.sort()).toEqual(['notes.txt', ...[0, 2, 3].map((number) => `${key(number)}.safetensors`)].sort());

    const tiny = new PromptEmbeddingsCache(folder, 1);
    await tiny.write(key(4), values(5), [5, 4]);
    expect((await readdir(folder)).sort()).toEqual(['notes.txt', `${key(4)}.safetensors`].sort());
  });
});
