import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/models/wan/openModel.js';
import { createTokenizer } from '../../src/models/wan/text/tokenize.js';
import { readZipDirectory } from '../../src/node/files/zipDirectory.js';
import { openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import type { TensorSource } from '../../src/weights/tensorSource.js';
import { hfNamed, toyTensors, writeLayout } from '../support/publishedLayouts.js';
import { type MemoryBytes, memoryBytes } from '../weights/memoryBytes.js';
import { temporaryFolder } from '../weights/temporary.js';

async function bytesOf(folder: string, name: string): Promise<MemoryBytes> {
  return memoryBytes(name, await readFile(join(folder, name)));
}

const text = (folder: string, name: string) => readFile(join(folder, name), 'utf8');

/** The toy world as a page has it: texts and bytes. */
async function toySources() {
  return {
    transformer: await bytesOf(toyWorld, 'transformer.safetensors'),
    vae: await bytesOf(toyWorld, 'vae.safetensors'),
    textEncoder: await bytesOf(toyWorld, 'text_encoder.safetensors'),
    tokenizer: await text(toyWorld, 'tokenizer.json'),
    config: await text(toyWorld, 'config.json'),
  };
}

async function same(found: TensorSource, expected: TensorSource): Promise<void> {
  expect(found.names().sort()).toEqual(expected.names().sort());
  for (const name of found.names()) {
    expect(found.info(name)).toMatchObject({ dtype: expected.info(name).dtype, shape: expected.info(name).shape });
    expect(Buffer.from(await found.read(name)).equals(await expected.read(name))).toBe(true);
  }
}

describe('a model of bytes', () => {
  it('is the one that its folder is', async () => {
    const sources = await toySources();
    const model = await openModel(sources);
    const folder = await openModelFolder(toyWorld);
    expect(model.config).toEqual(folder.config);
    for (const part of ['transformer', 'vae', 'textEncoder'] as const) await same(model[part], folder[part]);
    const [ours, theirs] = [await model.tokenizer(), await folder.tokenizer()].map((file) =>
      createTokenizer(file, model.tokenizerLabel).encode('a red circle', 16),
    );
    expect(ours).toEqual(theirs);
    await model.close();
    await folder.close();
    expect([sources.transformer, sources.vae, sources.textEncoder].map(({ closed }) => closed)).toEqual([1, 1, 1]);
  });

  it('takes official files, a section of a training checkpoint, and a config.json for what no tensor shows', async () => {
    const place = await writeLayout(await temporaryFolder(), 'self-forcing');
    const sources = {
      transformer: await bytesOf(place, 'checkpoints/self_forcing_dmd.pt'),
      vae: await bytesOf(place, 'Wan2.1_VAE.pth'),
      textEncoder: await bytesOf(place, 'models_t5_umt5-xxl-enc-bf16.pth'),
      tokenizer: await text(place, 'google/umt5-xxl/tokenizer.json'),
      config: await text(place, 'config.json'),
    };
    const model = await openModel(sources, readZipDirectory);
    const folder = await openModelFolder(place);
    expect(model.config).toEqual({ ...folder.config, name: 'checkpoints/self_forcing_dmd.pt' });
    await same(model.transformer, folder.transformer);
    await folder.close();
    await model.close();
    const read = async () => 'read when it is asked for';
    const plain = await openModel({ ...(await toySources()), tokenizer: read, name: 'toy' });
    expect([plain.config.name, await plain.tokenizer()]).toEqual(['toy', 'read when it is asked for']);
    await plain.close();
    const other = { ...sources, transformer: await bytesOf(place, 'checkpoints/self_forcing_dmd.pt') };
    await expect(openModel({ ...other, section: 'critic' }, readZipDirectory)).rejects.toThrow(/no section "critic"/);
  });

  it("takes diffusers' names and 8-bit floats", async () => {
    const folder = await temporaryFolder();
    const name = 'blocks.3.ffn.net.0.proj.weight';
    const tensors = hfNamed('transformer', await toyTensors('transformer'));
    const { shape } = tensors.get(name)!;
    tensors.set(name, { dtype: 'F8_E4M3', shape, data: new Uint8Array(shape[0] * shape[1]).fill(0xb8) });
    await writeSafetensors(join(folder, 'dit.safetensors'), tensors);
    const model = await openModel({ ...(await toySources()), transformer: await bytesOf(folder, 'dit.safetensors') });
    expect(model.transformer.info('blocks.3.ffn.0.weight')).toMatchObject({ dtype: 'BF16', shape });
    expect(new Set(new Uint16Array((await model.transformer.read('blocks.3.ffn.0.weight')).buffer))).toEqual(
      new Set([0xbf80]),
    );
    await model.close();
  });

  it('needs no config.json where tensors and the official defaults say all', async () => {
    const { config: _, ...sources } = await toySources();
    const model = await openModel(sources);
    const { transformer, sampling } = model.config;
    expect(model.config.name).toBe('transformer.safetensors');
    expect([transformer.dim, transformer.num_layers, sampling.width, sampling.fps]).toEqual([128, 6, 832, 16]);
    expect(transformer.num_heads).toBe(1); // of 128, as the official ones are: the toy's four show in no tensor
    await model.close();
  });

  it.each([
    [
      'a part in another place',
      async () => ({ vae: await bytesOf(toyWorld, 'transformer.safetensors') }),
      /a Wan2.1 vae, found those of a transformer/,
    ],
    [
      'a file that is none',
      async () => ({ textEncoder: memoryBytes('page.html', new TextEncoder().encode('<html>')) }),
      /page.html: .* found a web page/,
    ],
    ['a config.json that is none', async () => ({ config: '[]' }), /config.json is not a JSON object/],
  ])('refuses %s, and closes all', async (_what, change, message) => {
    const sources = { ...(await toySources()), ...(await change()) };
    await expect(openModel(sources)).rejects.toThrow(message);
    for (const { closed } of [sources.transformer, sources.vae, sources.textEncoder]) expect(closed).toBeGreaterThan(0);
  });
});
