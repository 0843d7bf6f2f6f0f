import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { z } from 'zod';
import { ensure } from '../errors.js';
import { ensureTensors } from './checkTensors.js';
import {
  type ModelConfig,
  modelSchema,
  parseConfig,
  type RawConfig,
  readConfig,
  textEncoderSchema,
  transformerSchema,
  vaeSchema,
} from './config.js';
import { detectConfig } from './detectConfig.js';
import { withOfficialNames } from './names.js';
import type { Part } from './officialNames.js';
import { openTensorSource } from './source.js';
import type { TensorSource } from './tensorSource.js';
import { SAMPLING_DEFAULTS } from './wanDefaults.js';

/** An opened model: its configuration, its three parts under official names with their data still on disk. */
export interface ModelFolder {
  readonly path: string;
  readonly config: ModelConfig;
  readonly transformer: TensorSource;
  readonly vae: TensorSource;
  readonly textEncoder: TensorSource;
  readonly tokenizerPath: string;
  close(): Promise<void>;
}

/** Where each thing may lie, the preferred place first: one file, shards, or the folder of a diffusers model. */
const PLACES = {
  transformer: ['transformer.safetensors', 'transformer.safetensors.index.json', 'transformer'],
  vae: ['vae.safetensors', 'vae.safetensors.index.json', 'vae'],
  text_encoder: ['text_encoder.safetensors', 'text_encoder.safetensors.index.json', 'text_encoder'],
  tokenizer: ['tokenizer.json', 'tokenizer/tokenizer.json'],
} as const;

/**
 * Opens a model folder and checks that its files, its configuration and its tensors belong together.
 *
 * @throws TokenTrimError listing what is missing or does not fit
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const places = await findFiles(path);
  const opened: TensorSource[] = [];
  const openPart = async (place: string, part: Part) => {
    const source = await openTensorSource(place);
    opened.push(source);
    return withOfficialNames(source, part);
  };
  const close = async () => {
    for (const source of opened) await source.close();
  };
  try {
    const raw = await readConfig(join(path, 'config.json'));
    const transformer = await openPart(places.transformer, 'transformer');
    const vae = await openPart(places.vae, 'vae');
    const textEncoder = await openPart(places.text_encoder, 'text-encoder');
    const config = completeConfig(path, raw, { transformer, vae, 'text-encoder': textEncoder });
    ensureTensors('transformer', config.transformer, transformer);
    ensureTensors('vae', config.vae, vae);
    ensureTensors('text-encoder', config.text_encoder, textEncoder);
    return { path, config, transformer, vae, textEncoder, tokenizerPath: places.tokenizer, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Things = keyof typeof PLACES;

async function findFiles(path: string): Promise<Record<Things, string>> {
  const folder = await stat(path).catch(() => undefined);
  ensure(
    folder?.isDirectory(),
    `${path}: expected a model folder, found ${folder ? 'a file' : 'nothing'}. See weights/README.md.`,
  );
  const found = new Map<Things, string>();
  for (const thing of Object.keys(PLACES) as Things[]) {
    for (const place of PLACES[thing]) {
      const candidate = join(path, place);
      if (!found.has(thing) && (await stat(candidate).catch(() => undefined))) found.set(thing, candidate);
    }
  }
  const missing = (Object.keys(PLACES) as Things[])
    .filter((thing) => !found.has(thing))
    .map((thing) => PLACES[thing][0]);
  ensure(
    missing.length === 0,
    `${path}: expected transformer.safetensors, vae.safetensors, text_encoder.safetensors and tokenizer.json in this folder; ` +
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. See weights/README.md for how to lay it out.`,
  );
  return Object.fromEntries(found) as Record<Things, string>;
}

/** What config.json says, over what the tensors show, over the official defaults. */
function completeConfig(path: string, raw: RawConfig, sources: Record<Part, TensorSource>): ModelConfig {
  // The configuration of the official Wan2.1 folder is the transformer's alone, without sections.
  const sections: RawConfig = 'dim' in raw && 'num_layers' in raw ? { transformer: raw } : raw;
  // Tensors are asked only where config.json leaves something open: a damaged file is then described in full later.
  const complete = (part: Part, schema: z.ZodType, given: unknown) =>
    schema.safeParse(given).success ? given : merge(detectConfig(part, sources[part]), given);
  const config = {
    ...sections,
    name: sections.name ?? basename(resolve(path)),
    transformer: complete('transformer', transformerSchema, sections.transformer),
    vae: complete('vae', vaeSchema, sections.vae),
    text_encoder: complete('text-encoder', textEncoderSchema, sections.text_encoder),
    sampling: merge(SAMPLING_DEFAULTS, sections.sampling),
  };
  return parseConfig(modelSchema, config, join(path, 'config.json'));
}

function merge(defaults: object, given: unknown): unknown {
  if (given === undefined) return defaults;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  return { ...defaults, ...given };
}
