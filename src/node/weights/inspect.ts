import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ensure, TokenTrimError } from '../../errors.js';
import { checkTensors, type TensorCheck } from '../../models/wan/checkpoint/checkTensors.js';
import { PART_SCHEMAS } from '../../models/wan/checkpoint/completeConfig.js';
import { ensureDepth } from '../../models/wan/checkpoint/depth.js';
import { detectConfig } from '../../models/wan/checkpoint/detectConfig.js';
import { type Detection, explainOther, whyUnusable } from '../../models/wan/checkpoint/detection.js';
import type { Part } from '../../models/wan/checkpoint/names.js';
import { countDtypes, type OpenedWeights, officialTensors } from '../../models/wan/checkpoint/openedWeights.js';
import { configOf } from '../../models/wan/checkpoint/partConfig.js';
import { recognise } from '../../models/wan/checkpoint/recognise.js';
import { findStructure } from '../../models/wan/checkpoint/structure.js';
import { parseConfig, type RawConfig } from '../../models/wan/config.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import { SIGNATURE_BYTES, torchFormat } from '../../weights/torch/torchFile.js';
import { listWeights, snapshotOf } from '../model/listWeights.js';
import { type ModelPart, openModelFolder } from '../model/modelFolder.js';
import { configBeside, configIn } from '../model/modelTexts.js';
import { openWeights } from '../model/openTensorSource.js';
import { type Verification, type VerifyProgress, verifyWeights } from './verify.js';

/** What some tensors amount to. */
export interface Amount {
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
  /** Tensors of each dtype. */
  readonly dtypes: Readonly<Record<string, number>>;
}

/** What was recognised in one set of weights; sizes are those of the section that is used. */
export interface Inspection extends Amount {
  readonly kind: 'weights';
  readonly path: string;
  /** Absent for a file that could not be read. */
  readonly format?: 'safetensors' | 'safetensors shards' | 'PyTorch (zip)' | 'PyTorch (legacy)';
  /** In words, such as "Self Forcing's training checkpoint: Wan2.1-T2V-1.3B". */
  readonly recognised?: string;
  readonly part: Detection['part'];
  readonly naming: Detection['naming'];
  /** Wrappers' prefixes that are taken off the names. */
  readonly prefixes: readonly string[];
  /** What else lies in the file: the beginnings of the names. */
  readonly beside: readonly string[];
  /** Of a training checkpoint: its dictionaries, and the one that is used. */
  readonly sections: Readonly<Record<string, Amount>>;
  readonly section?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** As the tensors show it, completed from a config.json. */
  readonly config?: RawConfig;
  readonly check?: TensorCheck;
  /** Why no configuration was found, or why the file could not be read at all. */
  readonly problem?: string;
  /** What reading every byte of it showed, where that was asked for. */
  readonly verification?: Verification;
  /** The first names, with dtype and shape, as the file has them. */
  readonly sample: readonly string[];
}

/** The model that a folder's files make together. */
export interface FolderInspection {
  readonly kind: 'folder';
  readonly path: string;
  /** Whose way of laying out a folder it is. */
  readonly layout: string;
  /** Whether it can be given to `--model` as it is. */
  readonly complete: boolean;
  /** What `--model` would take for each part; empty where it would take none. */
  readonly parts: readonly ModelPart[];
  /** What is missing, ambiguous or does not fit, and what to do. */
  readonly advice?: string;
}

export interface InspectOptions {
  /** Reads every byte: checksums, and values that are not finite. */
  readonly verify?: boolean;
  readonly onProgress?: VerifyProgress;
}

const SAMPLE_SIZE = 12;

/**
 * Looks at a weight file, or at every set of weights in a folder and at the model that they make together; reads headers
 * and pickles only, unless it is to verify all.
 *
 * @returns one entry for each set of weights, and for a folder one more, the last
 * @throws TokenTrimError when there is nothing to look at, or a file named directly cannot be read
 */
export async function inspectPath(
  path: string,
  options: InspectOptions = {},
): Promise<(Inspection | FolderInspection)[]> {
  const found = await stat(path).catch(() => undefined);
  ensure(found, `${path}: expected a weight file or a model folder, found nothing.`);
  if (!found.isDirectory()) return [await inspectFile(path, options)];
  const folder = await snapshotOf(path);
  const { weights } = await listWeights(folder);
  ensure(weights.length > 0, `${path}: expected weight files in this folder, found none.`);
  const inspections: Inspection[] = [];
  for (const file of weights) {
    inspections.push(await inspectFile(file, options, folder).catch((error: unknown) => unreadable(file, error)));
  }
  return [...inspections, await inspectFolder(path)];
}

async function inspectFile(path: string, { verify, onProgress }: InspectOptions, folder?: string): Promise<Inspection> {
  const weights = await openWeights(path);
  try {
    const { whole, tensors, sections, section, detection } = weights;
    const structure = findStructure(tensors.names());
    const checked = await inspectPart(path, weights, folder);
    return {
      kind: 'weights',
      path,
      format: await formatOf(path),
      recognised: recognise(weights, checked.config),
      ...detection,
      prefixes: structure?.wrappers ?? [],
      beside: structure?.beside ?? [],
      sections: Object.fromEntries(sections.map((name) => [name, amountOf(whole, `${name}/`)])),
      section,
      ...amountOf(tensors),
      metadata: Object.fromEntries(whole.metadata),
      ...checked,
      ...(verify ? { verification: await verifyWeights(path, onProgress) } : {}),
      sample: tensors
        .names()
        .slice(0, SAMPLE_SIZE)
        .map((name) => describeTensor(tensors, name)),
    };
  } finally {
    await weights.whole.close();
  }
}

async function formatOf(path: string): Promise<Inspection['format']> {
  if (path.endsWith('.index.json')) return 'safetensors shards';
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(SIGNATURE_BYTES), 0, SIGNATURE_BYTES, 0);
    const torch = torchFormat(buffer.subarray(0, bytesRead));
    return torch ? `PyTorch (${torch})` : 'safetensors';
  } finally {
    await file.close();
  }
}

function amountOf(source: TensorSource, prefix = ''): Amount {
  const names = source.names().filter((name) => name.startsWith(prefix));
  const infos = names.map((name) => source.info(name));
  return {
    tensors: infos.length,
    parameters: infos.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
    bytes: infos.reduce((sum, { byteLength }) => sum + byteLength, 0),
    dtypes: countDtypes(source, names),
  };
}

type Checked = Pick<Inspection, 'config' | 'check' | 'problem'>;

async function inspectPart(path: string, weights: OpenedWeights, folder?: string): Promise<Checked> {
  const { part } = weights.detection;
  const unusable = whyUnusable(weights.tensors);
  if (part !== 'unknown' && unusable) return { problem: `this is ${unusable}` };
  if (part === 'unknown') {
    const other = explainOther(weights.tensors.names());
    const nothing = 'not a transformer, VAE or text encoder of Wan2.1 by its tensor names';
    return { problem: other ? `${nothing}: this is ${other}` : nothing };
  }
  let config: RawConfig | undefined;
  try {
    const official = await officialTensors(weights);
    const detected = detectConfig(part, official);
    const stated = [await configBeside(path), ...(folder ? [await configIn(folder)] : [])];
    config = configOf(part, detected, stated);
    ensureDepth(part, detected, stated, official.label);
    return { config, check: checkPart(part, config, official) };
  } catch (error) {
    if (error instanceof TokenTrimError) return { ...(config ? { config } : {}), problem: error.message };
    throw error;
  }
}

function checkPart(part: Part, config: RawConfig, source: TensorSource): TensorCheck {
  // The number of heads shows in no shape: where nobody gives it, the rest can still be checked.
  const complete = part === 'transformer' ? { num_heads: 1, ...config } : config;
  return checkTensors(part, parseConfig(PART_SCHEMAS[part], complete, source.label), source);
}

function describeTensor(source: TensorSource, name: string): string {
  const { dtype, shape } = source.info(name);
  return `${name}  ${dtype} [${shape.join(', ')}]`;
}

function unreadable(path: string, error: unknown): Inspection {
  if (!(error instanceof TokenTrimError)) throw error;
  const nothing = { part: 'unknown', naming: 'unknown', tensors: 0, parameters: 0, bytes: 0 } as const;
  const empty = { dtypes: {}, metadata: {}, sections: {}, prefixes: [], beside: [], sample: [] };
  return { kind: 'weights', path, ...nothing, ...empty, problem: error.message || basename(path) };
}

/** Tries a folder as a model, as `tokentrim generate --model` would. */
async function inspectFolder(path: string): Promise<FolderInspection> {
  try {
    const { parts, close } = await openModelFolder(path);
    await close();
    return { kind: 'folder', path, layout: layoutOf(parts), complete: true, parts };
  } catch (error) {
    if (!(error instanceof TokenTrimError)) throw error;
    return { kind: 'folder', path, layout: 'no whole model', complete: false, parts: [], advice: error.message };
  }
}

const LAYOUTS: readonly [path: RegExp, layout: string][] = [
  [/(?:^|[\\/])(?:transformer|vae|text_encoder)\.safetensors(?:\.index\.json)?$/, "this program's own"],
  [/(?:^|[\\/])(?:transformer|vae|text_encoder)[\\/][^\\/]+$/, 'diffusers'],
  [/(?:^|[\\/])checkpoints[\\/][^\\/]+\.pt$/, 'Self Forcing or Rolling Forcing'],
  [/(?:^|[\\/])(?:diffusion_pytorch_model\.safetensors|Wan2\.1_VAE\.pth|models_t5_)[^\\/]*$/, 'official Wan2.1'],
  [/(?:^|[\\/])(?:diffusion_models|text_encoders|vae)[\\/][^\\/]+\.safetensors$/, 'ComfyUI'],
];

function layoutOf(parts: readonly ModelPart[]): string {
  const weights = parts.filter(({ part }) => part !== 'tokenizer');
  const layouts = weights.map(({ path }) => LAYOUTS.find(([pattern]) => pattern.test(path))?.[1] ?? 'single files');
  return [...new Set(layouts)].join(' with ');
}
