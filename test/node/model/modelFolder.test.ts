import { mkdir, readFile, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { openTensorSource } from '../../../src/node/model/openTensorSource.js';
import { formatInspection } from '../../../src/node/weights/formatInspection.js';
import { inspectPath } from '../../../src/node/weights/inspect.js';
import { type TensorData, writeSafetensors } from '../../../src/node/weights/writeSafetensors.js';
import type { ReadableType } from '../../../src/weights/storedType.js';
import { temporaryFolder } from '../../weights/temporary.js';

const TOY = fileURLToPath(new URL('../../../weights/toy-world', import.meta.url));
const FILES = [
  'config.json',
  'transformer.safetensors',
  'vae.safetensors',
  'text_encoder.safetensors',
  'tokenizer.json',
];

/** A folder with links to the toy world's files, but for those in `without`. */
async function toyFolder(without: readonly string[] = []): Promise<string> {
  const folder = await temporaryFolder();
  for (const file of FILES) if (!without.includes(file)) await symlink(join(TOY, file), join(folder, file));
  return folder;
}

/** The toy world's tensors of one file, changed by `change`, in place of its link. */
async function rewrite(
  folder: string,
  file: string,
  change: (tensors: Map<string, TensorData>) => void,
): Promise<void> {
  const source = await openTensorSource(join(TOY, file));
  const tensors = new Map<string, TensorData>();
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors.set(name, { dtype: dtype as ReadableType, shape, data: await source.read(name) });
  }
  await source.close();
  change(tensors);
  await unlink(join(folder, file)).catch(() => {});
  await writeSafetensors(join(folder, file), tensors);
}

describe('model folder', () => {
  it('opens the toy world', async () => {
    const model = await openModelFolder(TOY);
    expect(model.config).toEqual(JSON.parse(await readFile(join(TOY, 'config.json'), 'utf8')));
    expect([model.transformer, model.vae, model.textEncoder].map((source) => source.names().length)).toEqual([
      177, 194, 22,
    ]);
    expect(model.tokenizerPath).toBe(join(TOY, 'tokenizer.json'));
    expect((await model.transformer.read('head.modulation')).length).toBe(2 * 128 * 2);
    await model.close();
    await expect(model.vae.read('conv2.bias')).rejects.toThrow(/closed/);
  });

  it('lists the files that are missing', async () => {
    const folder = await toyFolder(['vae.safetensors', 'tokenizer.json']);
    await expect(openModelFolder(folder)).rejects.toThrow(
      /these parts of a model are missing:\n {2}VAE: .*\n {2}tokenizer: /,
    );
    await expect(openModelFolder(join(folder, 'none'))).rejects.toThrow(/expected a model folder, found nothing/);
    await expect(openModelFolder(join(folder, 'config.json'))).rejects.toThrow(/expected a model folder, found a file/);
  });

  it('derives an absent configuration from the weights', async () => {
    const model = await openModelFolder(await toyFolder(['config.json']));
    expect(model.config.transformer).toMatchObject({ dim: 128, num_layers: 6, num_heads: 1, text_len: 512 });
    expect(model.config.sampling).toMatchObject({ width: 832, height: 480 });
    await model.close();
  });

  it("takes the official folder's configuration, which is the transformer's alone", async () => {
    const folder = await toyFolder(['config.json']);
    await writeFile(
      join(folder, 'config.json'),
      JSON.stringify({ _class_name: 'WanModel', dim: 128, num_layers: 6, num_heads: 2, text_len: 77 }),
    );
    const model = await openModelFolder(folder);
    expect(model.config.transformer).toMatchObject({ dim: 128, num_heads: 2, text_len: 77, freq_dim: 64 });
    await model.close();
  });

  it('opens the folders of a diffusers model', async () => {
    const folder = await toyFolder(FILES);
    for (const [place, file] of [
      ['transformer', 'transformer'],
      ['vae', 'vae'],
      ['text_encoder', 'text_encoder'],
    ]) {
      await mkdir(join(folder, place));
      await symlink(join(TOY, `${file}.safetensors`), join(folder, place, 'model.safetensors'));
    }
    await mkdir(join(folder, 'tokenizer'));
    await symlink(join(TOY, 'tokenizer.json'), join(folder, 'tokenizer', 'tokenizer.json'));
    const model = await openModelFolder(folder);
    expect(model.tokenizerPath).toBe(join(folder, 'tokenizer', 'tokenizer.json'));
    await model.close();
  });

  it('says in one error what does not fit', async () => {
    const folder = await toyFolder();
    await rewrite(folder, 'transformer.safetensors', (tensors) => {
      tensors.delete('patch_embedding.weight');
      tensors.delete('blocks.5.norm3.bias');
      tensors.set('blocks.6.modulation', tensors.get('blocks.5.modulation')!);
      tensors.set('head.head.bias', { dtype: 'F16', shape: [2, 32], data: new Uint16Array(64) });
    });
    await expect(openModelFolder(folder)).rejects.toThrow(
      /2 missing: "patch_embedding.weight", "blocks.5.norm3.bias"\n {2}1 unexpected: "blocks.6.modulation"\n {2}1 of the wrong shape: "head.head.bias" is \[2,32\], not \[64\]/,
    );
  });

  it('opens a VAE without its encoder, but not with half of it', async () => {
    const folder = await toyFolder();
    await rewrite(folder, 'vae.safetensors', (tensors) => {
      for (const name of [...tensors.keys()]) if (/^(encoder|conv1)\./.test(name)) tensors.delete(name);
    });
    await (await openModelFolder(folder)).close();
    await rewrite(folder, 'vae.safetensors', (tensors) => tensors.delete('encoder.conv1.bias'));
    await expect(openModelFolder(folder)).rejects.toThrow(/1 missing: "encoder.conv1.bias"/);
  });

  it('refuses files in the wrong places and a broken configuration', async () => {
    const folder = await toyFolder(['vae.safetensors', 'config.json']);
    await symlink(join(TOY, 'transformer.safetensors'), join(folder, 'vae.safetensors'));
    await expect(openModelFolder(folder)).rejects.toThrow(/a Wan2.1 vae, found those of a transformer/);
    await writeFile(join(folder, 'config.json'), '{');
    await expect(openModelFolder(folder)).rejects.toThrow(/config.json is not a JSON object/);
  });
});

describe('inspection', () => {
  it('describes the toy world', async () => {
    const inspections = await inspectPath(TOY);
    expect(inspections).toMatchObject([
      {
        part: 'text-encoder',
        naming: 'official',
        format: 'safetensors',
        recognised: 'umT5 encoder, 64 wide, 2 layers',
      },
      { part: 'transformer', naming: 'official', recognised: 'Wan2.1 transformer, 128 wide, 6 layers' },
      { part: 'vae', naming: 'official', recognised: 'Wan2.1 VAE, 12 wide' },
      { kind: 'folder', layout: "this program's own", complete: true },
    ]);
    expect(inspections[1]).toMatchObject({
      tensors: 177,
      parameters: 1_757_632,
      bytes: 3_515_264,
      dtypes: { F16: 177 },
    });
    const text = formatInspection(inspections);
    expect(text).toContain('transformer, official names');
    expect(text).toContain('177 tensors, 1,757,632 parameters, 3.5 MB');
    expect(text).toContain('num_heads = 4');
    expect(text.match(/all there, none unexpected, all shapes right/g)).toHaveLength(3);
  });

  it('lists what is missing, and what an unknown file holds', async () => {
    const folder = await toyFolder();
    await rewrite(folder, 'text_encoder.safetensors', (tensors) => tensors.delete('norm.weight'));
    expect(formatInspection(await inspectPath(join(folder, 'text_encoder.safetensors')))).toContain(
      '1 missing: "norm.weight"',
    );
    const unknown = join(folder, 'lora.safetensors');
    await writeSafetensors(
      unknown,
      new Map([['lora\u001b[2J.down', { dtype: 'BF16', shape: [2], data: new Uint16Array(2) }]] as const),
    );
    const text = formatInspection(await inspectPath(unknown));
    expect(text).toContain('lora\uFFFD[2J.down  BF16 [2]');
    expect(text).toContain('not a transformer, VAE or text encoder');
  });

  it('goes on past files that it cannot read', async () => {
    const folder = await toyFolder(['vae.safetensors']);
    await writeFile(join(folder, 'self_forcing_dmd.pt'), 'PK');
    await writeFile(join(folder, 'vae.safetensors'), 'cut');
    const text = formatInspection(await inspectPath(folder));
    expect(text).toContain('found a file that begins with "PK"');
    expect(text).toContain('not complete');
    expect(text).toContain('this one has 3 bytes');
    expect(text).toContain('transformer, official names');
    await expect(inspectPath(join(folder, 'none'))).rejects.toThrow(/found nothing/);
  });
});

it('says every file that it was made from', async () => {
  const folder = await toyFolder();
  const { files, close } = await openModelFolder(folder);
  await close();
  expect([...files].sort()).toEqual(FILES.map((file) => join(folder, file)).sort());
});
