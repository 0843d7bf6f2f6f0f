import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ensure, TokenTrimError } from '../../errors.js';
import type { Part } from '../../models/wan/checkpoint/names.js';
import { countDtypes, type OpenedWeights } from '../../models/wan/checkpoint/openedWeights.js';
import { recognise } from '../../models/wan/checkpoint/recognise.js';
import type { Model } from '../../models/wan/model.js';
import { assembleModel, isTinyVae, type OpenedPart, openPart } from '../../models/wan/openModel.js';
import { checkOptions, checkText, optionsOf } from '../../options/checkOptions.js';
import { oneOf, text } from '../../options/fields.js';
import { openPlainFile } from '../files/plainFile.js';
import { describeMissing, type FoundParts, findParts, type Preference, THINGS, type Thing } from './findParts.js';
import { findTinyVae } from './findTinyVae.js';
import { snapshotOf } from './listWeights.js';
import { configBeside, configIn, readTokenizer } from './modelTexts.js';
import { openWeights } from './openTensorSource.js';

/** Single files in place of what a model folder holds, and which of several is meant. */
export interface ModelOverrides {
  /** The transformer: a file, an index of shards, or a folder with one of them. */
  readonly checkpoint?: string;
  /** Of a training checkpoint: generator_ema, generator, ... */
  readonly section?: string;
  /** The model's own VAE or a tiny one, which then decodes; the other may lie in the folder. */
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
  readonly part: Thing | 'tiny-vae';
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
  const opened: OpenedWeights[] = [];
  const close = async () => {
    for (const { whole } of opened) await whole.close();
  };
  try {
    const named = given.get('vae');
    const tinyNamed = named !== undefined && (await isTinyAt(named)) ? named : undefined;
    if (tinyNamed !== undefined) given.delete('vae');
    const lying = folder !== undefined && tinyNamed === undefined ? await tinyVaeIn(folder) : undefined;
    const tinyPath = tinyNamed ?? lying;
    const paths = await completePaths(folder, given, overrides, tinyPath !== undefined);
    const place = folder ?? dirname(paths.transformer);
    const stated = folder ? await configIn(folder) : { label: paths.transformer, config: {} };
    const open = async (part: Part, from: string) => {
      const weights = await openWeights(from, part === 'transformer' ? overrides.section : undefined);
      opened.push(weights);
      const found = await openPart(part, weights);
      const isGiven = part !== 'tiny-vae' && given.has(part);
      return { ...found, isForeign: found.isForeign || isGiven, beside: () => configBeside(from) };
    };
    const parts = {
      transformer: await open('transformer', paths.transformer),
      ...(paths.vae === undefined ? {} : { vae: await open('vae', paths.vae) }),
      ...(tinyPath === undefined
        ? {}
        : { 'tiny-vae': { ...(await open('tiny-vae', tinyPath)), isOptional: tinyNamed === undefined } }),
      'text-encoder': await open('text-encoder', paths['text-encoder']),
    };
    const ownName = given.has('transformer') ? basename(paths.transformer) : stated.config.name;
    const model = await assembleModel(stated, ownName ?? basename(resolve(path ?? '.')), parts);
    const { vae, 'tiny-vae': tiny } = parts;
    return {
      ...model,
      ...(tinyNamed === undefined ? {} : { decoder: 'tiny' as const }),
      path: place,
      tokenizer: () => readTokenizer(paths.tokenizer),
      tokenizerLabel: paths.tokenizer,
      tokenizerPath: paths.tokenizer,
      files: filesOf(folder, { ...paths, ...(tinyPath === undefined ? {} : { 'tiny-vae': tinyPath }) }, opened),
      parts: [
        describePart('transformer', paths.transformer, parts.transformer, model.config.transformer),
        ...(vae && paths.vae ? [describePart('vae', paths.vae, vae, model.config.vae)] : []),
        ...(tiny && tinyPath && model.tinyVae ? [describePart('tiny-vae', tinyPath, tiny, model.tinyVae.config)] : []),
        describePart('text-encoder', paths['text-encoder'], parts['text-encoder'], model.config.text_encoder),
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
  { tokenizer, ...weights }: FoundPaths & { readonly 'tiny-vae'?: string },
  opened: readonly OpenedWeights[],
): string[] {
  const read = opened.flatMap(({ whole }) => whole.files);
  const beside = Object.values(weights).map((path) => (read.includes(path) ? dirname(path) : path));
  const folders = new Set(folder === undefined ? beside : [folder, ...beside]);
  return [...read, ...Array.from(folders, (place) => join(place, 'config.json')), tokenizer];
}

function describePart(part: Part, path: string, { weights }: OpenedPart, config: object): ModelPart {
  const { section, detection, tensors } = weights;
  return {
    part,
    path,
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

/** Where everything lies; the VAE may be absent beside a tiny one. */
type FoundPaths = Readonly<Record<Exclude<Thing, 'vae'>, string> & { vae?: string }>;

async function givenPaths(overrides: ModelOverrides): Promise<Map<Thing, string>> {
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

/** Whether a file holds a tiny VAE. One that cannot be read is refused later, as what it was given as. */
async function isTinyAt(path: string): Promise<boolean> {
  const weights = await openWeights(path);
  await weights.whole.close();
  return isTinyVae(weights);
}

/** The tiny VAE that lies in a folder: one that is none, or damaged, was not asked for. */
async function tinyVaeIn(folder: string): Promise<string | undefined> {
  const path = await findTinyVae(folder);
  if (path === undefined) return undefined;
  const isTiny = await isTinyAt(path).catch((error) => {
    if (error instanceof TokenTrimError) return false;
    throw error;
  });
  return isTiny ? path : undefined;
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
  hasTinyVae: boolean,
): Promise<FoundPaths> {
  const wanted = new Set(THINGS.filter((thing) => !given.has(thing)));
  const found: Partial<FoundParts> = folder === undefined ? {} : await findParts(folder, wanted, { section, prefer });
  const paths = new Map([...(found.paths ?? []), ...given]);
  const missing = new Set(THINGS.filter((thing) => !paths.has(thing) && !(thing === 'vae' && hasTinyVae)));
  ensure(
    missing.size === 0,
    () =>
      `${folder ?? 'No model folder was given'}: these parts of a model are missing:\n${describeMissing(missing, found)}`,
  );
  return Object.fromEntries(paths) as unknown as FoundPaths;
}
