import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Network } from '../../../src/models/wan/checkpoint/names.js';
import { type ModelOverrides, openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { writeSafetensors } from '../../../src/node/weights/writeSafetensors.js';
import { toFloat32 } from '../../../src/weights/convert.js';
import type { TensorSource } from '../../../src/weights/tensorSource.js';
import {
  hfNamed,
  LAYOUTS,
  type PublishedLayout,
  renamed,
  toyTensors,
  writeLayout,
  writeTorch,
} from '../../support/publishedLayouts.js';
import { temporaryFolder } from '../../weights/temporary.js';

async function layoutFolder(layout: PublishedLayout): Promise<string> {
  return writeLayout(await temporaryFolder(), layout);
}

/** Names of tensors that are not bit for bit the toy world's. */
async function differences(source: TensorSource, part: Network): Promise<string[]> {
  const expected = await toyTensors(part);
  const different = source.names().filter((name) => !expected.has(name));
  for (const [name, { dtype, shape, data }] of expected) {
    const info = source.has(name) ? source.info(name) : undefined;
    const isSame =
      info?.dtype === dtype &&
      info.shape.join() === shape.join() &&
      Buffer.from(data as Uint8Array).equals(await source.read(name));
    if (!isSame) different.push(name);
  }
  return different;
}

async function open(path: string | undefined, overrides?: ModelOverrides) {
  const model = await openModelFolder(path, overrides);
  await model.close();
  return model;
}

describe('published layouts', () => {
  it.each(LAYOUTS)('%s: the same model as in every other', async (layout) => {
    const model = await openModelFolder(await layoutFolder(layout));
    expect(await differences(model.transformer, 'transformer')).toEqual([]);
    expect(await differences(model.vae, 'vae')).toEqual([]);
    expect(await differences(model.textEncoder, 'text-encoder')).toEqual([]);
    expect(model.config.transformer).toMatchObject({ dim: 128, num_layers: 6, num_heads: 4 });
    expect(model.parts.map(({ part }) => part)).toEqual(['transformer', 'vae', 'text-encoder', 'tokenizer']);
    expect(model.parts.every(({ path }) => path.length > 0)).toBe(true);
    await model.close();
  });

  it('says what each file was taken for', async () => {
    const { parts } = await open(await layoutFolder('self-forcing'));
    expect(parts[0]).toMatchObject({
      part: 'transformer',
      path: expect.stringMatching(/self_forcing_dmd\.pt$/),
      recognised:
        "Self Forcing's training checkpoint: Wan2.1 transformer, 128 wide, 6 layers, sections generator, generator_ema (generator_ema is used)",
      naming: 'official',
      section: 'generator_ema',
      dtypes: { F16: 177 },
    });
    expect(parts[1].recognised).toBe('the official Wan2.1 VAE, 12 wide');
    const comfy = await open(await layoutFolder('comfy'));
    expect(comfy.parts[2].recognised).toMatch(/^ComfyUI's repackaged .* SentencePiece model$/);
  });
});

describe('8-bit files', () => {
  it("ComfyUI's scaled text encoder and Kijai's plain transformer are widened as they are read", async () => {
    const folder = await layoutFolder('comfy');
    const text = hfNamed('text-encoder', await toyTensors('text-encoder'));
    const layer = 'encoder.block.1.layer.1.DenseReluDense.wo';
    const { shape } = text.get(`${layer}.weight`)!;
    const codes = Uint8Array.from({ length: shape[0] * shape[1] }, (_, index) => (index * 7) % 127);
    text.set(`${layer}.weight`, { dtype: 'F8_E4M3', shape, data: codes });
    text.set(`${layer}.scale_weight`, { dtype: 'F32', shape: [], data: Float32Array.of(0.25) });
    text.set('scaled_fp8', { dtype: 'F8_E4M3', shape: [2], data: new Uint8Array(2) });
    await rm(join(folder, 'split_files/text_encoders'), { recursive: true });
    const scaled = join(folder, 'umt5_xxl_fp8_e4m3fn_scaled.safetensors');
    await writeSafetensors(scaled, text);
    const name = 'blocks.3.ffn.0.weight';
    const transformer = (await toyTensors('transformer')).set(name, {
      dtype: 'F8_E4M3',
      shape: [512, 128],
      data: new Uint8Array(512 * 128).fill(0xb8),
    });
    const plain = join(folder, 'Wan2_1-T2V-1_3B_fp8_e4m3fn.safetensors');
    await writeSafetensors(plain, transformer);

    const model = await openModelFolder(folder, { checkpoint: plain });
    expect(model.parts.map(({ recognised }) => recognised)).toEqual([
      "Kijai's Wan2.1 transformer, 128 wide, 6 layers, 8-bit floats",
      "ComfyUI's repackaged Wan2.1 VAE, 12 wide",
      "ComfyUI's repackaged umT5 encoder, 64 wide, 2 layers, 8-bit floats with scales",
      'tokenizer',
    ]);
    expect(model.parts[2].dtypes).toMatchObject({ F8_E4M3: 2, F32: 1 });
    expect(model.textEncoder.info('blocks.1.ffn.fc2.weight').dtype).toBe('BF16');
    const row = toFloat32(await model.textEncoder.readRows('blocks.1.ffn.fc2.weight', 3, 1), 'BF16');
    const expected = toFloat32(codes.subarray(3 * shape[1], 4 * shape[1]), 'F8_E4M3').map((value) => value / 4);
    expect(row).toEqual(expected);
    expect(new Set(toFloat32(await model.transformer.read(name), 'BF16'))).toEqual(new Set([-1]));
    await model.close();
  });
});

describe('several of a kind', () => {
  it('takes the section that is asked for, and the plain transformer where that is preferred', async () => {
    const folder = await layoutFolder('self-forcing');
    const generator = await openModelFolder(folder, { section: 'generator' });
    expect(generator.parts[0].section).toBe('generator');
    expect((await generator.transformer.read('head.modulation')).every((byte) => byte === 0)).toBe(true);
    await generator.close();
    await expect(open(folder, { section: 'critic' })).rejects.toThrow(/no section "critic".*"generator"/);

    const plain = join(folder, 'diffusion_pytorch_model.safetensors');
    await writeSafetensors(plain, await toyTensors('transformer'));
    expect((await open(folder)).parts[0].section).toBe('generator_ema');
    expect((await open(folder, { prefer: 'bidirectional' })).parts[0].path).toBe(plain);
  });

  it('names the candidates and the flag where nothing decides', async () => {
    const folder = await layoutFolder('kijai');
    await writeSafetensors(join(folder, 'Wan2_1_VAE_fp32.safetensors'), await toyTensors('vae'));
    await expect(open(folder)).rejects.toThrow(
      /expected one set of vae weights, found 2:\n {2}"Wan2_1_VAE_fp16.safetensors"\n {2}"Wan2_1_VAE_fp32.safetensors"\nSay which with --vae <file>/,
    );
    const chosen = join(folder, 'Wan2_1_VAE_fp32.safetensors');
    expect((await open(folder, { vae: chosen })).parts[1].path).toBe(chosen);
    await mkdir(join(folder, 'a'));
    await mkdir(join(folder, 'b'));
    await rename(join(folder, 'tokenizer.json'), join(folder, 'a/tokenizer.json'));
    await writeFile(join(folder, 'b/tokenizer.json'), '{}');
    await expect(open(folder, { vae: chosen })).rejects.toThrow(/one tokenizer, found 2:[\s\S]*--tokenizer <file>/);
    expect((await open(folder, { vae: chosen, tokenizer: join(folder, 'a') })).tokenizerPath).toBe(
      join(folder, 'a/tokenizer.json'),
    );
  });

  it('passes over image-to-video models and other T5 encoders', async () => {
    const folder = await layoutFolder('kijai');
    const transformer = await toyTensors('transformer');
    const bias = transformer.get('head.head.bias')!;
    await writeSafetensors(
      join(folder, 'Wan2_1-I2V.safetensors'),
      new Map(transformer).set('img_emb.proj.0.weight', bias),
    );
    const t5 = hfNamed('text-encoder', await toyTensors('text-encoder'));
    t5.delete('encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight');
    await writeSafetensors(join(folder, 't5xxl_fp16.safetensors'), t5);
    await open(folder);
    await rm(join(folder, 'Wan2_1-T2V-1_3B_fp16.safetensors'));
    await expect(open(folder)).rejects.toThrow(
      /missing:\n {2}transformer: [\s\S]*Wan2_1-I2V.safetensors is an image-to-video or VACE checkpoint/,
    );
  });
});

describe('single files', () => {
  it('need no folder where all are given', async () => {
    const folder = await layoutFolder('comfy, flat');
    const files = {
      checkpoint: join(folder, 'wan2.1_t2v_1.3B_fp16.safetensors'),
      vae: join(folder, 'wan_2.1_vae.safetensors'),
      textEncoder: join(folder, 'umt5_xxl_fp16.safetensors'),
      tokenizer: join(toyWorld, 'tokenizer.json'),
    };
    const model = await openModelFolder(undefined, files);
    expect(await differences(model.transformer, 'transformer')).toEqual([]);
    expect(model.config).toMatchObject({ name: 'wan2.1_t2v_1.3B_fp16.safetensors', sampling: { width: 832 } });
    await model.close();
    const { vae, ...rest } = files;
    await expect(open(undefined, rest)).rejects.toThrow(
      /No model folder was given: these parts of a model are missing:\n {2}VAE: Wan2.1_VAE.pth [\s\S]*--vae\n/,
    );
    await expect(open(undefined, { ...files, vae: files.checkpoint })).rejects.toThrow(
      /a Wan2.1 vae, found those of a transformer/,
    );
    await expect(open(undefined, { ...files, tokenizer: folder.concat('/none') })).rejects.toThrow(
      /none: expected a tokenizer.json or a folder with one, found nothing/,
    );
  });

  it('a checkpoint brings its architecture, and keeps of config.json what it does not show', async () => {
    const folder = await temporaryFolder();
    const transformer = await toyTensors('transformer');
    const short = new Map([...transformer].filter(([name]) => !/^blocks\.[45]\./.test(name)));
    const checkpoint = join(folder, 'mine.pt');
    await writeTorch(checkpoint, { generator_ema: renamed(short, (name) => `model.${name}`) });
    await writeFile(join(folder, 'config.json'), '{"transformer": {"num_layers": 4}}');
    const { config, parts } = await open(toyWorld, { checkpoint });
    expect(config.transformer).toMatchObject({ num_layers: 4, num_heads: 4, text_len: 32 });
    expect(config.name).toBe('mine.pt');
    expect(parts.map(({ path }) => path)).toEqual([
      checkpoint,
      ...['vae.safetensors', 'text_encoder.safetensors', 'tokenizer.json'].map((name) => join(toyWorld, name)),
    ]);
  });
});

describe('missing parts', () => {
  it('are listed in one error that says where to get them', async () => {
    const folder = await layoutFolder('official');
    await rm(join(folder, 'Wan2.1_VAE.pth'));
    await rm(join(folder, 'google'), { recursive: true });
    await writeFile(join(folder, 'models_t5_umt5-xxl-enc-bf16.pth'), 'cut');
    await expect(open(folder)).rejects.toThrow(
      /missing:\n {2}VAE: Wan2.1_VAE.pth of [^\n]*--vae\n {2}text encoder: [^\n]*--text-encoder\n {2}tokenizer: google\/umt5-xxl\/tokenizer.json of [^\n]*--tokenizer\n {2}Found, but not usable:\n {4}[^\n]*models_t5[^\n]*begins with "cut"[\s\S]*tokentrim download self-forcing/,
    );
  });

  it("ComfyUI's text encoder does not stand in for the tokenizer", async () => {
    const folder = await layoutFolder('comfy');
    await rm(join(folder, 'tokenizer.json'));
    await expect(open(folder)).rejects.toThrow(
      /tokenizer: google\/umt5-xxl\/tokenizer.json of Wan-AI\/Wan2.1-T2V-1.3B[\s\S]*"spiece_model", which is not read/,
    );
    expect((await open(folder, { tokenizer: toyWorld })).tokenizerPath).toBe(join(toyWorld, 'tokenizer.json'));
  });
});
