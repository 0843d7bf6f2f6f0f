import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import type { OpenModel } from '../../src/web/openModel.js';
import { openModelFromFiles, openModelFromUrl } from '../../src/web/openModel.js';
import { serve } from './support/serve.js';

const place = mkdtempSync(join(tmpdir(), 'tokentrim-model-'));
let inNode: ModelFolder;

beforeAll(async () => {
  inNode = await openModelFolder(toyWorld);
  cpSync(toyWorld, join(place, 'toy-world'), { recursive: true });
  // The VAE as an index and its one shard, and no config.json.
  cpSync(toyWorld, join(place, 'sharded'), { recursive: true });
  rmSync(join(place, 'sharded/config.json'));
  renameSync(join(place, 'sharded/vae.safetensors'), join(place, 'sharded/vae-1.safetensors'));
  const shardOf = inNode.vae.names().map((name) => [name, 'vae-1.safetensors']);
  writeFileSync(
    join(place, 'sharded/vae.safetensors.index.json'),
    JSON.stringify({ weight_map: Object.fromEntries(shardOf) }),
  );
});
afterAll(async () => {
  await inNode.close();
  rmSync(place, { recursive: true });
});

const filesIn = (folder: string, leftOut: readonly string[] = []): File[] =>
  readdirSync(join(place, folder))
    .filter((name) => !leftOut.includes(name))
    .map((name) => new File([readFileSync(join(place, folder, name))], name));

/** Sees that a model is the toy world: its configuration, and a tensor of each part. */
async function expectToyWorld(model: OpenModel): Promise<void> {
  expect(model.config).toEqual(inNode.config);
  expect(await model.tokenizer()).toBe(await inNode.tokenizer());
  for (const part of ['transformer', 'vae', 'textEncoder'] as const) {
    const names = inNode[part].names();
    expect(model[part].names()).toEqual(names);
    const last = names.at(-1) as string;
    expect(await model[part].read(last)).toEqual(await inNode[part].read(last));
  }
  await model.close();
}

test.each([true, false])('from an address; whether the server has ranges: %s', async (ranges) => {
  using server = await serve(place, { ranges });
  await expectToyWorld(await openModelFromUrl(`${server.address}toy-world`));
  expect(server.requests).toHaveLength(5);
});

test('from files that were picked, whatever they are called', async () => {
  const files = filesIn('toy-world').map((file) =>
    file.name.endsWith('.safetensors') ? new File([file], `some ${file.name}`) : file,
  );
  expect(files.map(({ name }) => name)).toContain('README.md'); // which is passed over
  await expectToyWorld(await openModelFromFiles(files));
});

test('from shards, picked or on a server, and without a config.json', async () => {
  using server = await serve(place);
  const vae = 'vae.safetensors.index.json';
  const [fetched, picked] = [
    await openModelFromUrl(`${server.address}sharded/`, { vae }),
    await openModelFromFiles(filesIn('sharded')),
  ];
  for (const model of [fetched, picked]) {
    expect(model.config.vae.dim).toBe(inNode.config.vae.dim);
    const [name] = inNode.vae.names();
    expect(await model.vae.read(name)).toEqual(await inNode.vae.read(name));
    await model.close();
  }
});

test('what is missing is named', async () => {
  const files = filesIn('toy-world', ['vae.safetensors', 'tokenizer.json']);
  await expect(openModelFromFiles(files)).rejects.toThrow(
    'these files are missing: vae, tokenizer.json. Pick all files',
  );
  await expect(openModelFromFiles([])).rejects.toThrow('missing: transformer, vae, text-encoder, tokenizer.json');
  using server = await serve(place);
  await expect(openModelFromUrl(`${server.address}nowhere`)).rejects.toThrow(
    `${server.address}nowhere/tokenizer.json: expected a file, the server says 404.`,
  );
  await expect(openModelFromUrl(`${server.address}toy-world`, { vae: 'v.safetensors' })).rejects.toThrow('says 404');
});

test('two files of one part, and files of none, are refused by name', async () => {
  const files = filesIn('toy-world');
  const again = new File([files.find(({ name }) => name === 'vae.safetensors') as File], 'other.safetensors');
  await expect(openModelFromFiles([...files, again])).rejects.toThrow(
    'vae.safetensors and other.safetensors both hold a vae: pick one of them.',
  );
  const note = new File(['shopping list'], 'note.safetensors');
  await expect(openModelFromFiles([...files, note])).rejects.toThrow('note.safetensors: ');
  const header = JSON.stringify({ lora: { dtype: 'F32', shape: [0], data_offsets: [0, 0] } });
  const length = new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer);
  const other = new File([length, header], 'lora.safetensors');
  await expect(openModelFromFiles([...files, other])).rejects.toThrow('lora.safetensors: ');
});
