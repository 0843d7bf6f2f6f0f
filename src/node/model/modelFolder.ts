import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ensure } from '../../errors.js';
import type { Network } from '../../models/wan/checkpoint/names.js';
import { countDtypes, type OpenedWeights } from '../../models/wan/checkpoint/openedWeights.js';
import { recognise } from '../../models/wan/checkpoint/recognise.js';
import type { Model } from '../../models/wan/model.js';
import { assembleModel, type OpenedPart, openPart } from '../../models/wan/openModel.js';
import { checkOptions, checkText, optionsOf } from '../../options/checkOptions.js';
import { oneOf, text } from '../../options/fields.js';
import { openPlainFile } from '../files/plainFile.js';
import { describeMissing, type FoundParts, findParts, type Preference, THINGS, type Thing } from './findParts.js';
import { snapshotOf } from './listWeights.js';
import { configBeside, configIn, readTokenizer } from './modelTexts.js';
import { openWeights } from './openTensorSource.js';

/** Single files in place of what a model folder holds, and which of several is meant. */
export interface ModelOverrides {
  /** The transformer: a file, an index of shards, or a folder with one of them. */
  readonly checkpoint?: string;
  /** Of a training checkpoint: generator_ema, generator, ... */
  readonly section?: string;
  readonly vae?: string;
  readonly textEncoder?: string;
  /** A tokenizer.json, or the folder that it lies in. */
  readonly tokenizer?: string;
  /** Which transformer goes first where a folder has plain Wan2.1 and a training checkpoint: the latter by default. */
  readonly prefer?: Preference;
}

const overridesSchema = optionsOf<ModelOverrides>()({
  checkpoint: text.optional(),
  section: text.optional(),
  vae: text.optional(),
  textEncoder: text.optional(),
  tokenizer: text.optional(),
  prefer: oneOf(['autoregressive', 'bidirectional']).optional(),
});

/** What was taken for a part of the model. */
export interface ModelPart {
  readonly part: Thing;
  readonly path: string;
  /** In words: "Self Forcing's training checkpoint: Wan2.1-T2V-1.3B, sections generator, generator_ema (...)". */
  readonly recognised: string;
  readonly naming?: 'official' | 'hf';
  /** The section of a training checkpoint that is used. */
  readonly section?: string;
  /** Tensors of each dtype, as the file has them. */
  readonly dtypes?: Readonly<Record<string, number>>;
}

/** A model whose files lie on this machine's disk. */
export interface ModelFolder extends Model {
  readonly path: string;
  readonly tokenizerPath: string;
  /** Every file that it was made from: weights, indexes, configurations, the tokenizer. Some may not be there. */
  readonly files: readonly string[];
  /** Transformer, VAE, text encoder and tokenizer: which file each is, and what it was recognised as. */
  readonly parts: readonly ModelPart[];
  close(): Promise<void>;
}

/**
 * Opens a model in any published layout and checks that its files, its configuration and its tensors belong together.
 * Which file is what shows in their contents; see {@link findParts} for the order in which they are taken.
 *
 * @param path the folder; not needed where all four files are given
 * @throws TokenTrimError listing what is missing, ambiguous or does not fit
 */
export async function openModelFolder(path: string | undefined, overrides: ModelOverrides = {}): Promise<ModelFolder> {
  if (path !== undefined) checkText('openModelFolder: the folder', path);
  checkOptions('openModelFolder', overridesSchema, overrides);
  const given = await givenPaths(overrides);
  const folder = path === undefined ? undefined : await modelFolderAt(path);
  const paths = await completePaths(folder, given, overrides);
  const opened: OpenedWeights[] = [];
  const close = async () => {
    for (const { whole } of opened) await whole.close();
  };
  try {
    const place = folder ?? dirname(paths.transformer);
    const stated = folder ? await configIn(folder) : { label: paths.transformer, config: {} };
    const open = async (part: Network) => {
      const weights = await openWeights(paths[part], part === 'transformer' ? overrides.section : undefined);
      opened.push(weights);
      const found = await openPart(part, weights);
      return { ...found, isForeign: found.isForeign || given.has(part), beside: () => configBeside(paths[part]) };
    };
    const parts = {
      transformer: await open('transformer'),
      vae: await open('vae'),
      'text-encoder': await open('text-encoder'),
    };
    const ownName = given.has('transformer') ? basename(paths.transformer) : stated.config.name;
    const model = await assembleModel(stated, ownName ?? basename(resolve(path ?? '.')), parts);
    return {
      ...model,
      path: place,
      tokenizer: () => readTokenizer(paths.tokenizer),
      tokenizerLabel: paths.tokenizer,
      tokenizerPath: paths.tokenizer,
      files: filesOf(folder, paths, opened),
      parts: [
        describePart('transformer', paths, parts, model.config.transformer),
        describePart('vae', paths, parts, model.config.vae),
        describePart('text-encoder', paths, parts, model.config.text_encoder),
        { part: 'tokenizer', path: paths.tokenizer, recognised: 'tokenizer' },
      ],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A config.json counts in the model's folder, beside weights, and in a folder that weights were given as. */
function filesOf(
  folder: string | undefined,
  { tokenizer, ...weights }: Readonly<Record<Thing, string>>,
  opened: readonly OpenedWeights[],
): string[] {
  const read = opened.flatMap(({ whole }) => whole.files);
  const beside = Object.values(weights).map((path) => (read.includes(path) ? dirname(path) : path));
  const folders = new Set(folder === undefined ? beside : [folder, ...beside]);
  return [...read, ...Array.from(folders, (place) => join(place, 'config.json')), tokenizer];
}

function describePart(
  part: Network,
  paths: Readonly<Record<Network, string>>,
  parts: Readonly<Record<Network, OpenedPart>>,
  config: object,
): ModelPart {
  const { weights } = parts[part];
  const { section, detection, tensors } = weights;
  return {
    part,
    path: paths[part],
    recognised: recognise(weights, config as Readonly<Record<string, unknown>>),
    naming: detection.naming === 'unknown' ? undefined : detection.naming,
    section,
    dtypes: countDtypes(tensors),
  };
}

/** One line for each part of a model: which file it is, what it was recognised as, and how its values are stored. */
export function describeParts(parts: readonly ModelPart[]): string[] {
  return parts.map(({ part, path, recognised, dtypes = {} }) =>
    part === 'tokenizer'
      ? `tokenizer: ${path}`
      : `${part}: ${path} (${recognised}; ${Object.keys(dtypes).sort().join(', ')})`,
  );
}

async function givenPaths(overrides: ModelOverrides): Promise<ReadonlyMap<Thing, string>> {
  const { checkpoint, vae, textEncoder, tokenizer } = overrides;
  const paths = new Map<Thing, string>();
  if (checkpoint !== undefined) paths.set('transformer', checkpoint);
  if (vae !== undefined) paths.set('vae', vae);
  if (textEncoder !== undefined) paths.set('text-encoder', textEncoder);
  if (tokenizer !== undefined) paths.set('tokenizer', await tokenizerAt(tokenizer));
  return paths;
}

async function tokenizerAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  const file = found?.isDirectory() ? join(path, 'tokenizer.json') : path;
  const isThere = found && (found.isFile() || (await stat(file).catch(() => undefined)));
  ensure(
    isThere,
    `${path}: expected a tokenizer.json or a folder with one, found ${found ? 'none in it' : 'nothing'}.`,
  );
  await (await openPlainFile(file, { what: 'a tokenizer.json' })).close();
  return file;
}

async function modelFolderAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  ensure(
    found?.isDirectory(),
    `${path}: expected a model folder, found ${found ? 'a file: give single files with --checkpoint, --vae and --text-encoder' : 'nothing'}. See weights/README.md.`,
  );
  return snapshotOf(path);
}

async function completePaths(
  folder: string | undefined,
  given: ReadonlyMap<Thing, string>,
  { section, prefer }: ModelOverrides,
): Promise<Record<Thing, string>> {
  const wanted = new Set(THINGS.filter((thing) => !given.has(thing)));
  const found: Partial<FoundParts> = folder === undefined ? {} : await findParts(folder, wanted, { section, prefer });
  const paths = new Map([...(found.paths ?? []), ...given]);
  const missing = new Set(THINGS.filter((thing) => !paths.has(thing)));
  ensure(
    missing.size === 0,
    () =>
      `${folder ?? 'No model folder was given'}: these parts of a model are missing:\n${describeMissing(missing, found)}`,
  );
  return Object.fromEntries(paths) as Record<Thing, string>;
}
