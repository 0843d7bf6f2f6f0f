import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { type ConvertOptions, convertWeights } from '../../../src/node/weights/convertWeights.js';
import { toyTensors, writeLayout } from '../../support/publishedLayouts.js';
import { expectSame, tensorsIn } from '../../support/tensorsIn.js';
import { temporaryFolder } from '../../weights/temporary.js';

describe('conversion leaves alone', () => {
  it('files that are there, unless forced, and what it reads in any case', async () => {
    const folder = await temporaryFolder();
    const model = await writeLayout(folder, 'tokentrim');
    const vae = join(model, 'vae.safetensors');
    const before = await readFile(vae);
    const other = join(folder, 'other.safetensors');
    await writeFile(other, 'mine');
    await expect(convertWeights(vae, other)).rejects.toThrow(/other.safetensors: it is there already.*--force/);
    expect(await readFile(other, 'utf8')).toBe('mine');
    const link = join(folder, 'link.safetensors');
    await symlink(vae, link);
    for (const to of [vae, link]) {
      await expect(convertWeights(vae, to, { force: true })).rejects.toThrow(/this is the file that is read/);
    }
    const shard = join(model, 'text_encoder-00002-of-00002.safetensors');
    const index = join(model, 'text_encoder.safetensors.index.json');
    await expect(convertWeights(index, shard, { force: true })).rejects.toThrow(/this is the file that is read/);
    expect((await readFile(vae)).equals(before)).toBe(true);
    await convertWeights(vae, other, { force: true });
    expectSame(await tensorsIn(other), await toyTensors('vae'));
  });

  it('no temporary file behind when it fails or is interrupted', async () => {
    const folder = await temporaryFolder();
    const to = join(folder, 'to.safetensors');
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error('enough'));
    const options = { part: 'transformer', signal: abort.signal, onProgress } as const;
    await expect(convertWeights(toyWorld, to, options)).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
    const failing = () => {
      throw new Error('broken progress');
    };
    await expect(convertWeights(toyWorld, to, { part: 'vae', onProgress: failing })).rejects.toThrow('broken progress');
    expect(await readdir(folder)).toEqual([]);
  });

  it.each<[string, string, string, ConvertOptions, RegExp]>([
    ['nothing there', 'none.pt', 'to.safetensors', {}, /none.pt: expected weights to convert, found nothing/],
    ['several parts', '', 'to.safetensors', {}, /found transformer, vae, text-encoder. Say which with --part/],
    ['another ending', 'vae.safetensors', 'to.pt', {}, /to.pt: expected the name of a .safetensors file/],
    [
      'no such folder',
      'vae.safetensors',
      'gone/to.safetensors',
      {},
      /Cannot write .*to.safetensors: its folder does not exist/,
    ],
    ['the wrong part', 'vae.safetensors', 'to.safetensors', { part: 'transformer' }, /found those of a vae/],
    ['a section of none', 'vae.safetensors', 'to.safetensors', { section: 'ema' }, /no section "ema"/],
  ])('everything where it cannot work: %s', async (_why, from, to, options, message) => {
    const folder = await temporaryFolder();
    await expect(convertWeights(join(toyWorld, from), join(folder, to), options)).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });
});
