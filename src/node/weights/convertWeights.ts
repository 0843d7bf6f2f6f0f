import { stat } from 'node:fs/promises';
import { ensure } from '../../errors.js';
import { describeQuantisation } from '../../models/wan/checkpoint/detection.js';
import { hfName, type Network } from '../../models/wan/checkpoint/names.js';
import { ensureUsable, type OpenedWeights, officialTensors } from '../../models/wan/checkpoint/openedWeights.js';
import { recognise } from '../../models/wan/checkpoint/recognise.js';
import { findStructure } from '../../models/wan/checkpoint/structure.js';
import { withOfficialNames } from '../../models/wan/checkpoint/withOfficialNames.js';
import { checkOptions, checkText, optionsOf } from '../../options/checkOptions.js';
import { callback, flag, oneOf, text } from '../../options/fields.js';
import { type StopSignal, stopSignal } from '../../options/stopSignal.js';
import { float32ToBfloat16, float32ToHalf } from '../../tensor/sixteenBit.js';
import { toFloat32 } from '../../weights/convert.js';
import { quote } from '../../weights/quote.js';
import { bytesOf, isFloat, isReadable, type ReadableType, type StoredType } from '../../weights/storedType.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import { hasScales, widenFloat8 } from '../../weights/widenFloat8.js';
import { OutputFile } from '../files/outputFile.js';
import { outputTarget, partialPath } from '../files/outputTarget.js';
import { SAFETENSORS_MARK } from '../files/ownFile.js';
import { findShared } from '../files/samePath.js';
import { findParts } from '../model/findParts.js';
import { snapshotOf } from '../model/listWeights.js';
import { openWeights } from '../model/openTensorSource.js';
import { streamSafetensors, type TensorStream } from './writeSafetensors.js';

/** What floats become; `keep` leaves them, except 8-bit floats with scales, which become BF16. */
export type TargetDType = 'f32' | 'bf16' | 'f16' | 'keep';
/** Wan2.1's own names, those of diffusers (text encoder: transformers), or the file's. */
export type TargetNaming = 'official' | 'hf' | 'keep';

export interface ConvertOptions {
  /** Of a training checkpoint; by default its averaged weights. */
  readonly section?: string;
  readonly dtype?: TargetDType;
  /** By default official for a part of Wan2.1, and the file's own names for anything else. */
  readonly naming?: TargetNaming;
  /** Which part of a folder that holds several. */
  readonly part?: Network;
  /** Without `__metadata__`, which some readers stumble over. */
  readonly noMetadata?: boolean;
  /** Replace a file that this program did not write; never one that is read. */
  readonly force?: boolean;
  readonly signal?: StopSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number, name: string) => void;
}

const convertSchema = optionsOf<ConvertOptions>()({
  section: text.optional(),
  dtype: oneOf(['f32', 'bf16', 'f16', 'keep']).optional(),
  naming: oneOf(['official', 'hf', 'keep']).optional(),
  part: oneOf(['transformer', 'vae', 'text-encoder']).optional(),
  noMetadata: flag.optional(),
  force: flag.optional(),
  signal: stopSignal.optional(),
  onProgress: callback<NonNullable<ConvertOptions['onProgress']>>().optional(),
});

export interface Converted {
  /** What was read: the file, or the index of its shards. */
  readonly from: string;
  readonly recognised: string;
  readonly to: string;
  readonly tensors: number;
  /** Size of the file that was written. */
  readonly bytes: number;
}

const PARTS = ['transformer', 'vae', 'text-encoder'] as const;

/** Bytes of a tensor that are read at a time. */
const PIECE_BYTES = 4 * 2 ** 20;

/**
 * Writes weights of any kind as one safetensors file, tensor by tensor in pieces of some megabytes: memory does not grow
 * with the size of the file. It appears under its name when it is whole.
 *
 * @param from a weight file, an index of shards, or a folder
 * @throws TokenTrimError when the input is no set of weights, or the output is there already or cannot be written
 */
export async function convertWeights(from: string, to: string, options: ConvertOptions = {}): Promise<Converted> {
  checkText('convertWeights: what is read', from);
  checkText('convertWeights: what is written', to);
  checkOptions('convertWeights', convertSchema, options);
  const { dtype = 'keep', noMetadata, signal } = options;
  const path = await weightsAt(from, options);
  ensure(/\.safetensors$/i.test(to), `${to}: expected the name of a .safetensors file to write.`);
  const weights = await openWeights(path, options.section);
  let output: OutputFile | undefined;
  try {
    await ensureNotRead(weights.whole.files, to);
    output = await OutputFile.open(to, { option: 'name', force: options.force });
    const { tensors, rename } = await chooseTensors(weights, options);
    const streams = tensors.names().map((name) => toStream(tensors, name, rename(name), dtype));
    const total = streams.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const bytes = await streamSafetensors(to, streams, {
      metadata: noMetadata ? undefined : { ...SAFETENSORS_MARK, format: 'pt' },
      output,
      signal,
      onProgress: (done, name) => options.onProgress?.(done, total, name),
    });
    return { from: path, recognised: recognise(weights), to, tensors: streams.length, bytes };
  } finally {
    await output?.giveUp();
    await weights.whole.close();
  }
}

/** The set of weights that a path means: itself, or of a model folder the part that was asked for. */
async function weightsAt(from: string, { part, section }: ConvertOptions): Promise<string> {
  const found = await stat(from).catch(() => undefined);
  ensure(found, `${from}: expected weights to convert, found nothing.`);
  if (!found.isDirectory()) return from;
  const wanted = new Set(part ? [part] : PARTS);
  const { paths, problems } = await findParts(await snapshotOf(from), wanted, {
    section,
    advice: 'Name the file itself.',
  });
  const places = [...paths.values()];
  if (places.length === 0 && !part && problems.length === 0) return from; // one file of some other kind
  ensure(places.length > 0, () =>
    [`${from}: expected ${part ?? 'weights'} to convert, found none that can be used.`, ...problems].join('\n  '),
  );
  ensure(
    places.length === 1,
    () => `${from}: expected one set of weights, found ${[...paths.keys()].join(', ')}. Say which with --part.`,
  );
  return places[0];
}

/** Refuses to replace what is being read: the file, its index, or one of its shards. */
async function ensureNotRead(files: readonly string[], to: string): Promise<void> {
  const target = (await outputTarget(to, 'Choose another name.')).path;
  const written = [target, partialPath(target)].map((path) => ({ name: to, path }));
  const shared = await findShared(
    written,
    files.map((path) => ({ name: 'read', path })),
  );
  ensure(!shared, `${to}: this is the file that is read. Choose another name.`);
}

/** The tensors to write, and what they are to be called. */
async function chooseTensors(
  weights: OpenedWeights,
  { naming, dtype = 'keep', part }: ConvertOptions,
): Promise<{ tensors: TensorSource; rename: (name: string) => string }> {
  const { detection, tensors: stored } = weights;
  const asIs = (name: string) => name;
  if (naming === 'keep') ensureFloats(stored);
  else ensureUsable(stored, part);
  const isOfNoPart = detection.part === 'unknown' && naming === undefined && part === undefined;
  if (naming === 'keep' || isOfNoPart) {
    return { tensors: dtype === 'keep' ? stored : await widenFloat8(stored, WIDE[dtype]), rename: asIs };
  }
  const isWide = dtype === 'keep' && !hasScales(stored);
  const tensors = isWide ? withOfficialNames(stored, part) : await officialTensors(weights, part, WIDE[dtype]);
  if (naming !== 'hf' || detection.part === 'unknown') return { tensors, rename: asIs };
  const known = detection.part;
  return { tensors, rename: (name) => hfName(known, name) };
}

/** Another model of the family may be rewritten under its own names; integers cannot be: no float comes of them alone. */
function ensureFloats(stored: TensorSource): void {
  const structure = findStructure(stored.names());
  const quantised = structure && describeQuantisation(stored, structure);
  ensure(!quantised, () => `${stored.label}: this is ${quantised}`);
}

const WIDE = { f32: 'F32', bf16: 'BF16', f16: 'F16', keep: 'BF16' } as const;

function toStream(source: TensorSource, name: string, newName: string, target: TargetDType): TensorStream {
  const { dtype, shape, byteLength } = source.info(name);
  ensure(
    isReadable(dtype),
    () => `${source.label}: tensor ${quote(name)} is ${dtype}, which cannot be read. Use a file in bf16, fp16 or fp32.`,
  );
  const to = isFloat(dtype) && target !== 'keep' ? WIDE[target] : dtype;
  const bytes = (byteLength / bytesOf(dtype)) * bytesOf(to);
  return { name: newName, dtype: to, shape, byteLength: bytes, pieces: () => pieces(source, name, to) };
}

/** The data of a tensor in pieces of whole rows. */
async function* pieces(source: TensorSource, name: string, to: ReadableType): AsyncGenerator<Uint8Array> {
  const { dtype, shape, byteLength } = source.info(name);
  const [rows = 0] = shape;
  if (rows <= 1 || byteLength <= PIECE_BYTES) {
    yield castFloats(await source.read(name), dtype, to);
    return;
  }
  const rowsAtOnce = Math.max(1, Math.floor((PIECE_BYTES * rows) / byteLength));
  for (let row = 0; row < rows; row += rowsAtOnce) {
    yield castFloats(await source.readRows(name, row, Math.min(rowsAtOnce, rows - row)), dtype, to);
  }
}

/** The same values in another float dtype, rounded to nearest, ties to even (F64 by way of float32). */
function castFloats(bytes: Uint8Array, from: StoredType, to: ReadableType): Uint8Array {
  if (from === to) return bytes;
  const values = toFloat32(bytes, from);
  const cast = to === 'BF16' ? float32ToBfloat16(values) : to === 'F16' ? float32ToHalf(values) : values;
  return new Uint8Array(cast.buffer, cast.byteOffset, cast.byteLength);
}
