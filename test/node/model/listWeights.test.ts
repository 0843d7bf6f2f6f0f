import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { listWeights, snapshotOf } from '../../../src/node/model/listWeights.js';
import { temporaryFolder } from '../../weights/temporary.js';

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function listed(folder: string) {
  const { weights, tokenizers } = await listWeights(folder);
  return [weights.map((path) => relative(folder, path)), tokenizers.map((path) => relative(folder, path))];
}

it('lists weights of every ending four folders deep, and an index in place of its shards', async () => {
  const index = JSON.stringify({ weight_map: { a: 'part-one.safetensors' } });
  const folder = await folderOf({
    'a.pt': '',
    'notes.txt': '',
    'b/part-one.safetensors': '',
    'b/other.safetensors': '',
    'b/x.safetensors.index.json': index,
    'c/model-00001-of-00002.safetensors': '',
    'c/broken.safetensors.index.json': '{',
    '1/2/3/4/deep.pth': '',
    '1/2/3/4/tokenizer.json': '',
    '1/2/3/4/5/deeper.pth': '',
    '.cache/half.safetensors': '',
  });
  expect(await listed(folder)).toEqual([
    [
      'a.pt',
      '1/2/3/4/deep.pth',
      'b/other.safetensors',
      'b/x.safetensors.index.json',
      'c/broken.safetensors.index.json',
    ],
    ['1/2/3/4/tokenizer.json'],
  ]);
});

it('follows links, but not in circles, and counts a file once', async () => {
  const folder = await folderOf({ 'a/model.bin': '', 'b/x': '' });
  await symlink(join(folder, 'a/model.bin'), join(folder, 'b/again.safetensors'));
  await symlink(folder, join(folder, 'b/loop'));
  await symlink(join(folder, 'gone'), join(folder, 'gone.pt'));
  expect(await listed(folder)).toEqual([['a/model.bin'], []]);
});

it('finds the snapshot of a repository in the cache of the Hub', async () => {
  const folder = await folderOf({
    'models--a--b/refs/main': 'two\n',
    'models--a--b/snapshots/one/x': '',
    'models--a--b/snapshots/two/x': '',
    'models--c--d/snapshots/only/x': '',
    'models--e--f/snapshots/one/x': '',
    'models--e--f/snapshots/two/x': '',
  });
  const found = async (name: string) => relative(folder, await snapshotOf(join(folder, name)));
  expect(await found('models--a--b')).toBe('models--a--b/snapshots/two');
  expect(await found('models--c--d')).toBe('models--c--d/snapshots/only');
  expect(await found('models--e--f')).toBe('models--e--f');
  expect(await found('plain')).toBe('plain');
});
