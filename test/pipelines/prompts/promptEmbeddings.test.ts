import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cleanPrompt } from '../../../src/models/wan/text/clean.js';
import { freeTextEncoder, loadTextEncoder } from '../../../src/models/wan/text/encoderWeights.js';
import { encodePrompt } from '../../../src/models/wan/text/umt5.js';
import { PromptEmbeddingsCache } from '../../../src/node/caches/promptEmbeddingsCache.js';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { loadTokenizer } from '../../../src/node/model/modelTexts.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { type EmbedOptions, embedPrompts } from '../../../src/pipelines/prompts/promptEmbeddings.js';
import { PlanningDevice } from '../../../src/tensor/planningDevice.js';
import { sha256 } from '../../../src/weights/digestSource.js';
import type { TensorSource } from '../../../src/weights/tensorSource.js';
import { device } from '../../support/device.js';
import { temporaryFolder } from '../../weights/temporary.js';

const toy = await openModelFolder(toyWorld);
afterAll(() => toy.close());

const PROMPTS = ['a red circle on a navy background', 'two yellow squares'];

/** The toy world as it is opened anew, and what is read of its encoder; `change` alters the bytes of its norm. */
function opened(change = (bytes: Uint8Array) => bytes) {
  const reads: string[] = [];
  const rows: string[] = [];
  const from = toy.textEncoder;
  const encoder = from.read('norm.weight').then((bytes) => sha256(change(bytes)));
  const textEncoder: TensorSource = {
    label: from.label,
    files: from.files,
    metadata: from.metadata,
    names: () => from.names(),
    has: (name) => from.has(name),
    info: (name) => from.info(name),
    read: async (name) => {
      reads.push(name);
      const bytes = await from.read(name);
      return name === 'norm.weight' ? change(bytes) : bytes;
    },
    readRows: async (name, firstRow, rowCount) => {
      rows.push(name);
      const bytes = await from.readRows(name, firstRow, rowCount);
      return name === 'norm.weight' ? change(bytes) : bytes;
    },
    close: async () => {},
  };
  const { config, tokenizer, tokenizerLabel } = toy;
  return { folder: { config, tokenizer, tokenizerLabel, textEncoder, encoder }, reads, rows };
}
type Model = ReturnType<typeof opened>['folder'];

/** Where a run keeps embeddings, and how it embeds. */
type Options = Partial<Omit<EmbedOptions, 'store'>> & { readonly cacheFolder: string | false };

async function embed(folder: Model, prompts: readonly string[], { cacheFolder, ...options }: Options) {
  const store = cacheFolder === false ? undefined : new PromptEmbeddingsCache(join(cacheFolder, 'prompt-embeddings'));
  const encoder = await folder.encoder;
  return embedPrompts(device, folder, prompts, { dtype: 'f32', store, encoder, ...options });
}

const entriesIn = async (cacheFolder: string) => (await readdir(join(cacheFolder, 'prompt-embeddings'))).sort();

describe('embedPrompts', () => {
  test('gives the real rows of what the loaded encoder gives', async () => {
    const { embeds, note } = await embed(opened().folder, PROMPTS, { cacheFolder: false });
    expect(note).toBeUndefined();
    const { text_len } = toy.config.transformer;
    const encoder = await loadTextEncoder(device, toy.textEncoder, toy.config.text_encoder, 'f32');
    const tokenizer = await loadTokenizer(toy.tokenizerPath);
    for (const [index, prompt] of PROMPTS.entries()) {
      const { ids, length } = tokenizer.encode(cleanPrompt(prompt), text_len);
      const encoded = await encodePrompt(encoder, ids, length);
      const values = await device.read(encoded);
      expect(embeds[index]).toEqual(values.slice(0, length * toy.config.text_encoder.dim));
      encoded.dispose();
    }
    freeTextEncoder(encoder);
  });

  test('takes what it embedded before from the disk, bit for bit, without reading the encoder', async () => {
    const cacheFolder = await temporaryFolder();
    const first = await embed(opened().folder, PROMPTS, { cacheFolder });
    expect(await entriesIn(cacheFolder)).toHaveLength(2);

    const again = opened();
    const before = device.memory.liveStorages;
    expect(await embed(again.folder, PROMPTS.toReversed(), { cacheFolder })).toEqual({
      embeds: first.embeds.toReversed(),
      note: undefined,
    });
    expect(again.reads).toEqual([]);
    expect(device.memory.liveStorages).toBe(before);
    expect(again.rows).toEqual([]);
  });

  test('encodes only what is new, and a prompt that comes twice once', async () => {
    const cacheFolder = await temporaryFolder();
    await embed(opened().folder, [PROMPTS[0]], { cacheFolder });
    const seen: string[] = [];
    const { embeds } = await embed(opened().folder, [...PROMPTS, `  ${PROMPTS[1]}\n`], {
      cacheFolder,
      onTensor: (name) => seen.push(name),
    });
    expect(await entriesIn(cacheFolder)).toHaveLength(2);
    expect(embeds[2]).toBe(embeds[1]);
    expect(seen).toContain('blocks.0.attn.q.weight');
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('has an entry for each prompt, encoder, type and length', async () => {
    const cacheFolder = await temporaryFolder();
    const prompts = PROMPTS.slice(0, 1);
    const whole = await embed(opened().folder, prompts, { cacheFolder });
    await embed(opened().folder, prompts, { cacheFolder, dtype: 'bf16' });
    expect(await entriesIn(cacheFolder)).toHaveLength(2);

    const negated = opened((bytes) => bytes.map((byte, index) => (index % 2 === 1 ? byte ^ 0x80 : byte)));
    const other = await embed(negated.folder, prompts, { cacheFolder });
    expect(other.embeds).not.toEqual(whole.embeds);
    expect(await entriesIn(cacheFolder)).toHaveLength(3);

    const { folder } = opened();
    const transformer = { ...toy.config.transformer, text_len: 4 };
    const short = await embed({ ...folder, config: { ...toy.config, transformer } }, prompts, { cacheFolder });
    expect(short.embeds[0]).toHaveLength(4 * toy.config.text_encoder.dim);
    const longer = { ...toy.config.transformer, text_len: toy.config.transformer.text_len + 1 };
    await embed({ ...opened().folder, config: { ...toy.config, transformer: longer } }, prompts, { cacheFolder });
    expect(await entriesIn(cacheFolder)).toHaveLength(5);
  });

  test.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['cut short', (bytes) => bytes.subarray(0, bytes.length - 5)],
    ['changed in one bit', (bytes) => bytes.fill(bytes[bytes.length - 2] ^ 1, bytes.length - 2, bytes.length - 1)],
    ['empty', () => new Uint8Array()],
    ['no safetensors file', () => Buffer.from('not at all what was expected here')],
  ])('heals an entry that is %s', async (_, damage) => {
    const cacheFolder = await temporaryFolder();
    const first = await embed(opened().folder, [PROMPTS[0]], { cacheFolder });
    const [entry] = await entriesIn(cacheFolder);
    const path = join(cacheFolder, 'prompt-embeddings', entry);
    const bytes = await readFile(path);
    await writeFile(path, damage(Buffer.from(bytes)));

    const again = opened();
    expect(await embed(again.folder, [PROMPTS[0]], { cacheFolder })).toEqual(first);
    expect(again.reads).not.toEqual([]);
    expect(await readFile(path)).toEqual(bytes);
  });

  test('says so where it cannot keep them, and goes on', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const kept = await embed(opened().folder, PROMPTS, { cacheFolder: false });
    const { embeds, note } = await embed(opened().folder, PROMPTS, { cacheFolder: file });
    expect(embeds).toEqual(kept.embeds);
    expect(note).toBe(
      `The prompt's embeddings are not kept for the next run: ${join(file, 'prompt-embeddings')} cannot be written (part of ` +
        'the path is a file, not a folder). Set XDG_CACHE_HOME to a folder that can.',
    );
  });

  test('ends where it is told to, keeps nothing and frees what it had', async () => {
    const cacheFolder = await temporaryFolder();
    const before = device.memory.liveStorages;
    const ending = new AbortController();
    const onTensor = (name: string) => name.startsWith('blocks.1.') && ending.abort(new Error('enough'));
    const run = embed(opened().folder, PROMPTS, { cacheFolder, onTensor, signal: ending.signal });
    await expect(run).rejects.toThrow('enough');
    expect(device.memory.liveStorages).toBe(before);
    expect(existsSync(join(cacheFolder, 'prompt-embeddings'))).toBe(false);
  });

  test('reads and keeps nothing where memory is only planned', async () => {
    const cacheFolder = await temporaryFolder();
    const model = opened();
    const planning = new PlanningDevice(device);
    const store = new PromptEmbeddingsCache(cacheFolder);
    const options = { dtype: 'f32', store, encoder: 'known' } as const;
    const { embeds } = await embedPrompts(planning, model.folder, PROMPTS, options);
    expect(embeds.map(({ length }) => length % toy.config.text_encoder.dim)).toEqual([0, 0]);
    expect([...model.reads, ...model.rows, ...(await readdir(cacheFolder))]).toEqual([]);
    expect(planning.memory.peakBytes).toBeGreaterThan(0);
  });
});
