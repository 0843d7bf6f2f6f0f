import { copyFile, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hfName, type Network } from '../../src/models/wan/checkpoint/names.js';
import { OutputFile } from '../../src/node/files/outputFile.js';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import type { TensorStream } from '../../src/node/weights/writeSafetensors.js';
import { type TensorData, writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import { StreamedFile } from '../../src/synthesize/streamedFile.js';
import type { TorchContents } from '../../src/synthesize/torch/statePickle.js';
import { streamTorch } from '../../src/synthesize/torch/streamTorch.js';
import { bytesOf, type ReadableType } from '../../src/weights/storedType.js';

export type Tensors = ReadonlyMap<string, TensorData>;

const FILES = { transformer: 'transformer', vae: 'vae', 'text-encoder': 'text_encoder' } as const;

/** The toy world's tensors of one part, under official names. */
export async function toyTensors(part: Network): Promise<Map<string, TensorData>> {
  const source = await openTensorSource(join(toyWorld, `${FILES[part]}.safetensors`));
  const tensors = new Map<string, TensorData>();
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors.set(name, { dtype: dtype as ReadableType, shape, data: await source.read(name) });
  }
  await source.close();
  return tensors;
}

export const renamed = (tensors: Tensors, rename: (name: string) => string): Map<string, TensorData> =>
  new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));

export const hfNamed = (part: Network, tensors: Tensors) => renamed(tensors, (name) => hfName(part, name));

async function safetensors(folder: string, path: string, tensors: Tensors): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeSafetensors(join(folder, path), tensors, { format: 'pt' });
}

/** Two shards and their index, as the Hub's large repositories have them. */
async function shards(folder: string, stem: string, tensors: Tensors): Promise<void> {
  const entries = [...tensors];
  const halves = [entries.slice(0, entries.length / 2), entries.slice(entries.length / 2)];
  const weightMap: Record<string, string> = {};
  for (const [index, half] of halves.entries()) {
    const path = `${stem}-0000${index + 1}-of-00002.safetensors`;
    await safetensors(folder, path, new Map(half));
    for (const [name] of half) weightMap[name] = path.slice(path.lastIndexOf('/') + 1);
  }
  const bytes = entries.reduce((sum, [, { shape, dtype }]) => sum + shape.reduce((a, b) => a * b, bytesOf(dtype)), 0);
  const index = { metadata: { total_size: bytes }, weight_map: weightMap };
  await writeFile(join(folder, `${stem}.safetensors.index.json`), JSON.stringify(index));
}

/** A file of torch.save; several state dictionaries make a training checkpoint. */
export async function writeTorch(path: string, contents: Tensors | Readonly<Record<string, Tensors>>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const streams = (tensors: Tensors): TensorStream[] =>
    [...tensors].map(([name, { data, ...rest }]) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return { name, ...rest, byteLength: bytes.length, pieces: () => [bytes] };
    });
  const torch: TorchContents =
    contents instanceof Map
      ? streams(contents)
      : new Map(Object.entries(contents).map(([section, tensors]) => [section, streams(tensors)]));
  const output = await OutputFile.open(path, { force: true });
  const file = new StreamedFile(output);
  await streamTorch(file, 'archive', torch);
  await file.finish();
  await output.finish();
}

export const LAYOUTS = [
  ...['official', 'official, sharded', 'diffusers', 'self-forcing', 'rolling-forcing', 'self-forcing repository'],
  ...['comfy', 'comfy, flat', 'kijai', 'tokentrim', "the Hub's cache", "a repository of the Hub's cache"],
] as const;
export type PublishedLayout = (typeof LAYOUTS)[number];

/**
 * The toy world in one of the published layouts, with its tensors bit for bit; what to give to `--model`.
 *
 * @param folder empty
 */
export async function writeLayout(folder: string, layout: PublishedLayout): Promise<string> {
  const transformer = await toyTensors('transformer');
  const vae = await toyTensors('vae');
  const textEncoder = await toyTensors('text-encoder');
  const tokenizer = async (path: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(join(toyWorld, 'tokenizer.json'), join(folder, path));
  };
  const official = async (root = '') => {
    await writeTorch(join(folder, root, 'Wan2.1_VAE.pth'), vae);
    await writeTorch(join(folder, root, 'models_t5_umt5-xxl-enc-bf16.pth'), textEncoder);
    await tokenizer(join(root, 'google/umt5-xxl/tokenizer.json'));
    await writeFile(join(folder, root, 'config.json'), JSON.stringify({ dim: 128, num_layers: 6, num_heads: 4 }));
  };
  const wrapped = (prefix: string) => renamed(transformer, (name) => `${prefix}${name}`);
  const zeros = (tensors: Tensors) =>
    new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, data: new Uint8Array(tensor.data.byteLength) }]));
  if (layout === 'official') {
    await safetensors(folder, 'diffusion_pytorch_model.safetensors', transformer);
    await official();
  } else if (layout === 'official, sharded') {
    await shards(folder, 'diffusion_pytorch_model', transformer);
    await official();
  } else if (layout === 'diffusers') {
    await shards(folder, 'transformer/diffusion_pytorch_model', hfNamed('transformer', transformer));
    await writeFile(
      join(folder, 'transformer/config.json'),
      JSON.stringify({
        _class_name: 'WanTransformer3DModel',
        num_attention_heads: 4,
        attention_head_dim: 32,
        eps: 1e-6,
      }),
    );
    await safetensors(folder, 'vae/diffusion_pytorch_model.safetensors', hfNamed('vae', vae));
    await shards(folder, 'text_encoder/model', hfNamed('text-encoder', textEncoder));
    await tokenizer('tokenizer/tokenizer.json');
  } else if (layout === 'self-forcing') {
    await official();
    const trainer = { generator: zeros(wrapped('model.')), generator_ema: wrapped('model.') };
    await writeTorch(join(folder, 'checkpoints/self_forcing_dmd.pt'), trainer);
  } else if (layout === 'rolling-forcing') {
    await official();
    const inner = (name: string) => name.replace(/^(blocks\.\d+\.)/, '$1_fsdp_wrapped_module.');
    const trainer = {
      generator: zeros(wrapped('model.')),
      generator_ema: renamed(transformer, (name) => `model._fsdp_wrapped_module.${inner(name)}`),
    };
    await writeTorch(join(folder, 'checkpoints/rolling_forcing_dmd.pt'), trainer);
  } else if (layout === 'self-forcing repository') {
    const base = 'wan_models/Wan2.1-T2V-1.3B';
    await safetensors(folder, join(base, 'diffusion_pytorch_model.safetensors'), zeros(transformer));
    await official(base);
    await writeTorch(join(folder, 'checkpoints/ode_init.pt'), { generator: zeros(wrapped('model.')) });
    await writeTorch(join(folder, 'checkpoints/self_forcing_dmd.pt'), { generator_ema: wrapped('model.') });
    await writeFile(join(folder, 'config.json'), JSON.stringify({ transformer: { dim: 128, num_heads: 4 } }));
  } else if (layout === 'comfy' || layout === 'comfy, flat') {
    const place = (path: string) => (layout === 'comfy' ? `split_files/${path}` : path.slice(path.indexOf('/') + 1));
    const spiece = { dtype: 'U8', shape: [4], data: Uint8Array.of(1, 2, 3, 4) } as const;
    const text = hfNamed('text-encoder', textEncoder).set('spiece_model', spiece);
    const path = place('diffusion_models/wan2.1_t2v_1.3B_fp16.safetensors');
    await safetensors(folder, path, wrapped('model.diffusion_model.'));
    await safetensors(folder, place('vae/wan_2.1_vae.safetensors'), vae);
    await safetensors(folder, place('text_encoders/umt5_xxl_fp16.safetensors'), text);
    await tokenizer('tokenizer.json');
    await writeFile(join(folder, 'config.json'), JSON.stringify({ transformer: { num_heads: 4 } }));
  } else if (layout === 'kijai') {
    await safetensors(folder, 'Wan2_1-T2V-1_3B_fp16.safetensors', transformer);
    await safetensors(folder, 'Wan2_1_VAE_fp16.safetensors', vae);
    await safetensors(folder, 'umt5-xxl-enc-fp16.safetensors', textEncoder);
    await tokenizer('tokenizer.json');
    await writeFile(join(folder, 'config.json'), JSON.stringify({ transformer: { num_heads: 4 } }));
  } else if (layout === 'tokentrim') {
    await safetensors(folder, 'transformer.safetensors', transformer);
    await safetensors(folder, 'vae.safetensors', vae);
    await shards(folder, 'text_encoder', textEncoder);
    await tokenizer('tokenizer.json');
    await copyFile(join(toyWorld, 'config.json'), join(folder, 'config.json'));
  } else {
    return writeHubCache(folder, layout === "the Hub's cache");
  }
  return folder;
}

/** `models--org--name/{refs/main, blobs/<hash>, snapshots/<revision>/<path> -> blob}`, of a diffusers repository. */
async function writeHubCache(folder: string, asSnapshot: boolean): Promise<string> {
  const repository = join(folder, 'models--org--wan');
  const blobs = join(repository, 'blobs');
  await mkdir(blobs, { recursive: true });
  const plain = join(folder, '.plain');
  await mkdir(plain);
  await writeLayout(plain, 'diffusers');
  const snapshot = join(repository, 'snapshots/0123abc');
  for (const [index, path] of (await readdir(plain, { recursive: true })).entries()) {
    if ((await stat(join(plain, path))).isDirectory()) continue;
    await copyFile(join(plain, path), join(blobs, `blob${index}`));
    await mkdir(dirname(join(snapshot, path)), { recursive: true });
    await symlink(join(blobs, `blob${index}`), join(snapshot, path));
  }
  await mkdir(join(repository, 'refs'));
  await writeFile(join(repository, 'refs/main'), '0123abc');
  return asSnapshot ? snapshot : repository;
}
