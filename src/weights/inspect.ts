import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { ensure, TokenTrimError } from '../errors.js';
import { checkTensors, type TensorCheck } from './checkTensors.js';
import { parseConfig, type RawConfig, readConfig, textEncoderSchema, transformerSchema, vaeSchema } from './config.js';
import { detectConfig } from './detectConfig.js';
import { type Detection, detectPart, type Part, withOfficialNames } from './names.js';
import { openTensorSource } from './source.js';
import type { TensorSource } from './tensorSource.js';

/** What was recognised in one set of weights. */
export interface Inspection {
  readonly path: string;
  readonly part: Detection['part'];
  readonly naming: Detection['naming'];
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
  /** Tensors of each dtype. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** As the tensors show it, completed from config.json beside the file where there is one. */
  readonly config?: RawConfig;
  readonly check?: TensorCheck;
  /** Why no configuration was found, or why the file could not be read at all. */
  readonly problem?: string;
  /** The first names, with dtype and shape, as the file has them. */
  readonly sample: readonly string[];
}

const SAMPLE_SIZE = 12;

/**
 * Looks at a weight file, or at every set of weights in a model folder, reading headers only.
 *
 * @throws TokenTrimError when there is nothing to look at, or a file named directly cannot be read
 */
export async function inspectPath(path: string): Promise<Inspection[]> {
  const found = await stat(path).catch(() => undefined);
  ensure(found, `${path}: expected a weight file or a model folder, found nothing.`);
  if (!found.isDirectory()) return [await inspectFile(path)];
  const files = await weightFiles(path);
  ensure(files.length > 0, `${path}: expected weight files in this folder, found none.`);
  const inspections: Inspection[] = [];
  for (const file of files) {
    inspections.push(await inspectFile(file).catch((error: unknown) => unreadable(file, error)));
  }
  return inspections;
}

async function weightFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  const indexes = files.filter((file) => file.endsWith('.safetensors.index.json'));
  const isShard = (file: string) => /-\d+-of-\d+\.safetensors$/.test(file) && indexes.length > 0;
  const weights = files.filter((file) => ['.safetensors', '.pt', '.pth'].includes(extname(file)) && !isShard(file));
  const inside = [...indexes, ...weights].sort().map((file) => join(folder, file));
  const parts = entries.filter(
    (entry) => entry.isDirectory() && ['transformer', 'vae', 'text_encoder'].includes(entry.name),
  );
  for (const part of parts) inside.push(...(await weightFiles(join(folder, part.name))));
  return inside;
}

async function inspectFile(path: string): Promise<Inspection> {
  const source = await openTensorSource(path);
  try {
    const infos = source.names().map((name) => source.info(name));
    const dtypes: Record<string, number> = {};
    for (const { dtype } of infos) dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
    return {
      path,
      ...detectPart(source),
      tensors: infos.length,
      parameters: infos.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
      bytes: infos.reduce((sum, { byteLength }) => sum + byteLength, 0),
      dtypes,
      metadata: Object.fromEntries(source.metadata),
      ...(await inspectPart(path, source)),
      sample: source
        .names()
        .slice(0, SAMPLE_SIZE)
        .map((name) => describeTensor(source, name)),
    };
  } finally {
    await source.close();
  }
}

const SCHEMAS = { transformer: transformerSchema, vae: vaeSchema, 'text-encoder': textEncoderSchema } as const;
const SECTIONS = { transformer: 'transformer', vae: 'vae', 'text-encoder': 'text_encoder' } as const;

async function inspectPart(
  path: string,
  source: TensorSource,
): Promise<Pick<Inspection, 'config' | 'check' | 'problem'>> {
  const { part } = detectPart(source);
  if (part === 'unknown') return { problem: 'not a transformer, VAE or text encoder of Wan2.1 by its tensor names' };
  try {
    const official = withOfficialNames(source);
    const given = (await readConfig(join(path, '..', 'config.json')))[SECTIONS[part]];
    const config = { ...detectConfig(part, official), ...(typeof given === 'object' ? given : {}) };
    return { config, ...checkPart(part, config, official) };
  } catch (error) {
    if (error instanceof TokenTrimError) return { problem: error.message };
    throw error;
  }
}

function checkPart(part: Part, config: RawConfig, source: TensorSource): Pick<Inspection, 'check' | 'problem'> {
  try {
    return { check: checkTensors(part, parseConfig(SCHEMAS[part], config, source.label), source) };
  } catch (error) {
    if (error instanceof TokenTrimError) return { problem: error.message };
    throw error;
  }
}

function describeTensor(source: TensorSource, name: string): string {
  const { dtype, shape } = source.info(name);
  return `${name}  ${dtype} [${shape.join(', ')}]`;
}

function unreadable(path: string, error: unknown): Inspection {
  if (!(error instanceof TokenTrimError)) throw error;
  const nothing = { part: 'unknown', naming: 'unknown', tensors: 0, parameters: 0, bytes: 0 } as const;
  return { path, ...nothing, dtypes: {}, metadata: {}, sample: [], problem: error.message || basename(path) };
}
