import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import { LAYOUTS, type Layout, PARTS } from '../../src/synthesize/layouts.js';
import { planSynthesis, type SynthesisOptions } from '../../src/synthesize/plan.js';
import { synthesize } from '../../src/synthesize/synthesize.js';
import { toFloat32 } from '../../src/weights/convert.js';
import { FLOAT8_TOLERANCE } from '../support/tolerance.js';
import { temporaryFolder } from '../weights/temporary.js';

const OPTIONS: SynthesisOptions = { like: 'toy', layout: 'tokentrim', seed: '7', parts: new Set(PARTS) };

async function make(options: Partial<SynthesisOptions>): Promise<string> {
  const folder = await temporaryFolder();
  await synthesize(folder, await planSynthesis({ ...OPTIONS, ...options }), { force: true });
  return folder;
}

/** The hash of every tensor's bytes, by part and official name. */
async function tensorsIn(folder: ModelFolder): Promise<Record<string, string>> {
  const tensors: Record<string, string> = {};
  for (const part of ['transformer', 'vae', 'textEncoder'] as const) {
    for (const name of folder[part].names()) {
      const { dtype, shape } = folder[part].info(name);
      const digest = createHash('sha256')
        .update(await folder[part].read(name))
        .digest('hex');
      tensors[`${part} ${name}`] = `${dtype} [${shape}] ${digest}`;
    }
  }
  return tensors;
}

async function opened<Result>(folder: string, use: (model: ModelFolder) => Promise<Result>): Promise<Result> {
  const model = await openModelFolder(folder);
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

async function digests(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name);
    if (!(await stat(path)).isFile()) continue;
    const hash = createHash('sha256');
    for await (const piece of createReadStream(path)) hash.update(piece);
    found.set(name, hash.digest('hex'));
  }
  return found;
}

test.each(Object.keys(LAYOUTS) as Layout[])(
  '%s: opens as a model and holds the tensors of every layout',
  async (layout) => {
    // In one dtype for all, so that the values must be equal to the last bit.
    const expected = await opened(await make({ dtype: 'BF16' }), tensorsIn);
    await opened(await make({ layout, dtype: 'BF16' }), async (model) => {
      expect(model.config.transformer).toMatchObject({ dim: 128, num_layers: 6, num_heads: 4, text_len: 32 });
      expect(await tensorsIn(model)).toEqual(expected);
    });
  },
);

test.each(['comfy', 'kijai'] as const)('%s in 8 bits: opens, and holds about the same values', async (layout) => {
  const read = async (model: ModelFolder, part: 'transformer' | 'textEncoder', name: string) =>
    toFloat32(await model[part].read(name), model[part].info(name).dtype);
  const weights = [
    ['transformer', 'blocks.0.ffn.0.weight'],
    ['transformer', 'head.head.weight'],
    ['textEncoder', 'blocks.1.attn.k.weight'],
    ['textEncoder', 'token_embedding.weight'],
  ] as const;
  const wide = await opened(await make({ dtype: 'F32' }), (model) =>
    Promise.all(weights.map(([part, name]) => read(model, part, name))),
  );
  await opened(await make({ layout, dtype: 'F8_E4M3' }), async (model) => {
    for (const [index, [part, name]] of weights.entries()) {
      const narrow = await read(model, part, name);
      const largest = Math.max(...wide[index]);
      const error = Math.max(...narrow.map((value, place) => Math.abs(value - wide[index][place])));
      expect(error / largest, name).toBeLessThan(FLOAT8_TOLERANCE);
      expect(error, name).toBeGreaterThan(0);
    }
  });
  await expect(planSynthesis({ ...OPTIONS, layout: 'official', dtype: 'F8_E4M3' })).rejects.toThrow(
    'not published in 8',
  );
});

test.each([
  ['official', ['config.json', 'diffusion_pytorch_model.safetensors', 'google/umt5-xxl/tokenizer.json']],
  ['diffusers', ['transformer/diffusion_pytorch_model-00001-of-00002.safetensors', 'vae/config.json']],
  ['diffusers', ['text_encoder/model-00005-of-00005.safetensors', 'text_encoder/model.safetensors.index.json']],
  ['self-forcing', ['checkpoints/self_forcing_dmd.pt', 'Wan2.1_VAE.pth', 'models_t5_umt5-xxl-enc-bf16.pth']],
  ['comfy', ['split_files/diffusion_models/wan2.1_t2v_1.3B_bf16.safetensors']],
  ['comfy', ['split_files/text_encoders/umt5_xxl_fp16.safetensors', 'split_files/vae/wan_2.1_vae.safetensors']],
  ['kijai', ['Wan2_1-T2V-1_3B_bf16.safetensors', 'Wan2_1_VAE_bf16.safetensors', 'umt5-xxl-enc-bf16.safetensors']],
] as const)('wan2.1-1.3b %s: published names', async (layout, names) => {
  const files = await planSynthesis({ ...OPTIONS, like: 'wan2.1-1.3b', layout });
  expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining([...names]));
});

test('wan2.1-1.3b: published sizes', async () => {
  const sizes = async (layout: Layout) => {
    const files = await planSynthesis({ ...OPTIONS, like: 'wan2.1-1.3b', layout });
    return new Map(files.map(({ path, byteLength }) => [path, byteLength]));
  };
  const official = await sizes('official');
  expect(official.get('diffusion_pytorch_model.safetensors')).toBe(1_418_996_800 * 4);
  expect(official.get('Wan2.1_VAE.pth')).toBe(126_892_531 * 4);
  expect(official.get('models_t5_umt5-xxl-enc-bf16.pth')).toBe(5_680_910_336 * 2);
  const comfy = await planSynthesis({ ...OPTIONS, like: 'wan2.1-1.3b', layout: 'comfy', dtype: 'F8_E4M3' });
  const scaled = comfy.find(({ path }) => path.endsWith('text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors'));
  expect(scaled?.byteLength).toBeGreaterThan(6.73e9); // 6.74 GB, says the Hub, with a larger tokenizer in it
  expect(scaled?.byteLength).toBeLessThan(6.74e9);
  const diffusers = await sizes('diffusers');
  const shard = (index: number) =>
    diffusers.get(`transformer/diffusion_pytorch_model-0000${index}-of-00002.safetensors`);
  expect(shard(2)).toBeGreaterThan(676e6); // 677 MB with its header, says the Hub
  expect(shard(2)).toBeLessThan(678e6);
});

test('training checkpoints: two sections of the prefixes that trainers leave', async () => {
  const folder = await make({ layout: 'rolling-forcing', parts: new Set(['transformer']) });
  const source = await openTensorSource(join(folder, 'checkpoints/rolling_forcing_dmd.pt'));
  const names = source.names();
  expect(names).toContain('generator/model.blocks.0.modulation');
  const averaged = 'generator_ema/model._fsdp_wrapped_module.blocks.0._fsdp_wrapped_module.modulation';
  expect(names).toContain(averaged);
  expect(await source.read(averaged)).not.toEqual(await source.read('generator/model.blocks.0.modulation'));
  await source.close();
});

test('the same seed gives the same bytes, another seed others', async () => {
  const [first, again, other] = [await make({}), await make({}), await make({ seed: '8' })];
  const digest = await digests(first);
  expect(await digests(again)).toEqual(digest);
  const changed = await digests(other);
  expect([...digest].filter(([name, value]) => changed.get(name) === value).map(([name]) => name)).toEqual([
    'config.json',
    'tokenizer.json',
  ]);
});

test('fewer layers, other dtypes, some parts', async () => {
  const folder = await make({ layers: 1, dtype: 'F16' });
  await opened(folder, async ({ config, transformer, textEncoder }) => {
    expect(config.transformer.num_layers).toBe(1);
    expect(config.text_encoder.num_layers).toBe(1);
    expect(transformer.info('head.head.weight').dtype).toBe('F16');
    expect(textEncoder.names()).not.toContain('blocks.1.norm1.weight');
  });
  const some = await planSynthesis({ ...OPTIONS, layout: 'comfy', dtype: 'F32', parts: new Set(['transformer']) });
  expect(some.map(({ path }) => path)).toEqual([
    'config.json',
    'split_files/diffusion_models/wan2.1_t2v_1.3B_fp32.safetensors',
  ]);
});
