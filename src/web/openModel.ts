import { ensure, TokenTrimError } from '../errors.js';
import { examineWeights } from '../models/wan/checkpoint/openedWeights.js';
import { withOfficialNames } from '../models/wan/checkpoint/withOfficialNames.js';
import type { Model } from '../models/wan/model.js';
import { openModel } from '../models/wan/openModel.js';
import { openTensors } from '../weights/openTensors.js';
import { openShards } from '../weights/safetensors/shards.js';
import type { TensorSource } from '../weights/tensorSource.js';
import { BlobBytes } from './blobBytes.js';
import { openUrlBytes } from './urlBytes.js';

/** A model that holds files or addresses until it is closed. */
export type OpenModel = Model & { close(): Promise<void> };

/** The files of a model by name, each relative to its folder or an address of its own. */
export interface ModelFiles {
  /** Weights are safetensors, or an index of shards that lie beside it. */
  readonly transformer: string;
  readonly vae: string;
  readonly textEncoder: string;
  readonly tokenizer: string;
  /** Needs not be there. */
  readonly config: string;
  /** A tiny VAE beside the model's own; by default there is none. */
  readonly tinyVae?: string;
}

/** As in `weights/toy-world`. */
const FILES: ModelFiles = {
  transformer: 'transformer.safetensors',
  vae: 'vae.safetensors',
  textEncoder: 'text_encoder.safetensors',
  tokenizer: 'tokenizer.json',
  config: 'config.json',
};

const INDEX_SUFFIX = '.safetensors.index.json';

/** What else lies in a model's folder, and is picked with the rest, is passed over. */
const WEIGHTS = /\.(?:safetensors|pt|pth|bin|ckpt)$/i;

/**
 * Opens a model from a server of files, which need not list what it has. Weights are fetched tensor by tensor.
 *
 * @param folder its address, absolute or relative to the page or worker that asks
 * @param files where they are not called as in `weights/toy-world`
 * @throws TokenTrimError where one of them is not there or is not what it should be
 */
export async function openModelFromUrl(folder: string | URL, files: Partial<ModelFiles> = {}): Promise<OpenModel> {
  const names = { ...FILES, ...files };
  const base = new URL(`${String(folder).replace(/\/*$/, '')}/`, globalThis.location?.href);
  const at = (name: string) => new URL(name, base).href;
  const [tokenizer, config] = await Promise.all([textAt(at(names.tokenizer)), textAt(at(names.config), true)]);
  const opened: TensorSource[] = [];
  const open = async (name: string) => {
    const address = at(name);
    const source = address.endsWith(INDEX_SUFFIX)
      ? await openShards((await textAt(address)) as string, address, (shard) => openUrlBytes(new URL(shard, address)))
      : await openTensors(await openUrlBytes(address));
    opened.push(source);
    return source;
  };
  return closingOnError(opened, async () => {
    const transformer = await open(names.transformer);
    const [vae, textEncoder] = [await open(names.vae), await open(names.textEncoder)];
    const tinyVae = names.tinyVae === undefined ? undefined : await open(names.tinyVae);
    return openModel({ transformer, vae, tinyVae, textEncoder, tokenizer: tokenizer as string, config });
  });
}

/**
 * Opens a model from files that were picked: three sets of weights (a tiny VAE beside or in the place of the VAE's), each a safetensors file or an index with its shards,
 * tokenizer.json, and config.json where there is one. Which weights are which shows in their tensors. Nothing is read
 * before it is needed.
 *
 * @throws TokenTrimError naming what is missing, or there twice
 */
export async function openModelFromFiles(files: readonly File[]): Promise<OpenModel> {
  const named = new Map(files.map((file) => [file.name, file]));
  const opened: TensorSource[] = [];
  return closingOnError(opened, async () => {
    const shards = new Set<string>();
    for (const file of files.filter(({ name }) => name.endsWith(INDEX_SUFFIX))) {
      const open = async (shard: string) => {
        shards.add(shard);
        const found = named.get(shard);
        return found && new BlobBytes(found);
      };
      opened.push(await openShards(await file.text(), file.name, open));
    }
    for (const file of files.filter(({ name }) => WEIGHTS.test(name) && !shards.has(name))) {
      opened.push(await openTensors(new BlobBytes(file)));
    }
    const parts = partsOf(opened);
    const [tokenizer, config] = await Promise.all(
      ['tokenizer.json', 'config.json'].map((name) => named.get(name)?.text()),
    );
    const missing = [
      ...(['transformer', 'vae', 'text-encoder'] as const).filter(
        (part) => !parts.has(part) && !(part === 'vae' && parts.has('tiny-vae')),
      ),
      ...(tokenizer === undefined ? ['tokenizer.json'] : []),
    ];
    ensure(
      missing.length === 0,
      `these files are missing: ${missing.join(', ')}. Pick all files of a model at once: three of weights ` +
        '(safetensors: transformer, vae, text encoder), tokenizer.json and config.json.',
    );
    const part = (name: string) => parts.get(name) as TensorSource;
    return openModel({
      transformer: part('transformer'),
      vae: parts.get('vae') ?? part('tiny-vae'),
      tinyVae: parts.has('vae') ? parts.get('tiny-vae') : undefined,
      textEncoder: part('text-encoder'),
      tokenizer: tokenizer as string,
      config,
    });
  });
}

/** Weights by the part that they hold. */
function partsOf(sources: readonly TensorSource[]): ReadonlyMap<string, TensorSource> {
  const parts = new Map<string, TensorSource>();
  for (const source of sources) {
    const { detection, tensors } = examineWeights(source);
    const { part } = detection;
    if (part === 'unknown') withOfficialNames(tensors); // which says what is wrong with them
    const other = parts.get(part);
    ensure(other === undefined, () => `${other?.label} and ${source.label} both hold a ${part}: pick one of them.`);
    parts.set(part, source);
  }
  return parts;
}

async function closingOnError<Result>(opened: readonly TensorSource[], body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    for (const source of opened) await source.close();
    throw error;
  }
}

/** The text at an address; undefined where nothing is there and that is no mistake. */
async function textAt(address: string, isOptional = false): Promise<string | undefined> {
  const response = await fetch(address).catch((cause: Error) => {
    throw new TokenTrimError(
      `${address} could not be fetched (${cause.message}). Check the address and the connection.`,
      {
        cause,
      },
    );
  });
  if (isOptional && response.status === 404) return undefined;
  ensure(response.ok, () => `${address}: expected a file, the server says ${response.status}.`);
  return response.text();
}
