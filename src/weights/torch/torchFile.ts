import { ensure, TokenTrimError } from '../../errors.js';
import { type ByteSource, hexOf } from '../byteSource.js';
import { bitsOf } from '../storedType.js';
import { expectOpen, expectRows, lookUp, type TensorInfo, type TensorSource } from '../tensorSource.js';
import type { CheckpointLayout } from './checkpointLayout.js';
import { type FlatTensors, flatten } from './flatten.js';
import { openLegacyLayout } from './legacyLayout.js';
import type { StridedTensor } from './pickleValue.js';
import { readStrided } from './stridedRead.js';
import { openZipLayout } from './zipLayout.js';
import type { ZipReader } from './zipRecords.js';

/** How many bytes tell the container. */
export const SIGNATURE_BYTES = 32;

/** `PK`, then a record, or the end of an empty archive. */
const ZIP_SIGNATURES = ['504b0304', '504b0506'];
/** The magic number of the legacy format as every protocol writes it: LONG1, ten bytes, STOP. */
const LEGACY_MAGIC = '8a0a6cfc9c46f9206aa850192e';

/** Tensors that share storages, and those that repeat elements, may take this many times the file, and 256 MiB. */
const MAX_GROWTH = 16;
const GROWTH_BYTES = 2 ** 28;

/** Which format of torch.save the first bytes of a file are of. */
export function torchFormat(signature: Uint8Array): 'zip' | 'legacy' | undefined {
  const hex = hexOf(signature);
  if (ZIP_SIGNATURES.some((start) => hex.startsWith(start))) return 'zip';
  return hex.startsWith('80') && hex.includes(LEGACY_MAGIC) ? 'legacy' : undefined;
}

/**
 * Opens a file of torch.save (.pt, .pth, .bin, .ckpt), in the zip format or the one before it. Nothing in it is run: its
 * pickle may name tensors, storages and dictionaries, and anything else is refused. Only the pickle is read; tensors stay
 * where they lie. Names are the nested keys joined by "/".
 *
 * @param readZip for the zip format, which is refused without it
 * @throws TokenTrimError when the file is cut short, malformed, or holds more than tensors and plain values
 */
export async function openTorchFile(bytes: ByteSource, readZip?: ZipReader): Promise<TorchFile> {
  const { label, size } = bytes;
  try {
    const format = torchFormat(await bytes.read(0, Math.min(size, SIGNATURE_BYTES)));
    ensure(
      format,
      `${label}: expected a PyTorch file of torch.save (a zip archive, or the format before torch 1.6), found neither. ` +
        'Download the file again, or save it with torch.save.',
    );
    const layout = format === 'zip' ? await openZip(bytes, readZip) : await openLegacyLayout(bytes);
    const tensors = flatten(layout.root, label);
    checkGrowth(tensors, size, label);
    return new TorchFile(bytes, layout, tensors);
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

function openZip(bytes: ByteSource, readZip: ZipReader | undefined): Promise<CheckpointLayout> {
  if (readZip) return openZipLayout(bytes, readZip);
  throw new TokenTrimError(
    `${bytes.label}: expected a safetensors file, found a zip archive of torch.save, which is not read here. Convert it with ` +
      '`tokentrim convert`, or give a safetensors file of the same model.',
  );
}

/** A small file must not become a large one by describing the same bytes again and again. */
function checkGrowth({ tensors }: FlatTensors, fileBytes: number, label: string): void {
  const allowed = MAX_GROWTH * fileBytes + GROWTH_BYTES;
  const total = [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  ensure(
    total <= allowed,
    `${label}: the tensors of this file of ${fileBytes} bytes would take ${total} bytes: expected at most ${allowed}. ` +
      'Save each tensor once, and none that is expanded.',
  );
}

/** A torch.save file, read tensor by tensor. Make one with `openTorchFile`. */
export class TorchFile implements TensorSource {
  readonly files: readonly string[];
  readonly metadata: ReadonlyMap<string, string> = new Map();
  /** Names of what the file holds beside tensors: settings, counters, dictionaries of them. */
  readonly ignored: readonly string[];
  readonly #tensors: ReadonlyMap<string, StridedTensor>;
  readonly #positions = new Map<string, number>();
  readonly label: string;
  #bytes: ByteSource | undefined;

  constructor(
    bytes: ByteSource,
    private readonly layout: CheckpointLayout,
    { tensors, ignored }: FlatTensors,
  ) {
    this.#bytes = bytes;
    this.label = bytes.label;
    this.files = [bytes.label];
    this.#tensors = tensors;
    this.ignored = ignored;
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  info(name: string): TensorInfo {
    return this.#tensor(name);
  }

  async read(name: string): Promise<Uint8Array> {
    return this.#read(name, this.#tensor(name));
  }

  async readRows(name: string, firstRow: number, rowCount: number): Promise<Uint8Array> {
    const tensor = this.#tensor(name);
    const [rows = 0, ...rowShape] = tensor.shape;
    expectRows(rows, firstRow, rowCount, name, this.label);
    return this.#read(name, {
      ...tensor,
      shape: [rowCount, ...rowShape],
      offset: tensor.offset + firstRow * (tensor.strides[0] ?? 0),
      byteLength: rows === 0 ? 0 : (tensor.byteLength / rows) * rowCount,
    });
  }

  async close(): Promise<void> {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    await bytes?.close();
  }

  #tensor(name: string): StridedTensor {
    return lookUp(this.#tensors, name, this.label);
  }

  async #read(name: string, tensor: StridedTensor): Promise<Uint8Array> {
    const bytes = this.#bytes;
    expectOpen(bytes, tensor.byteLength, name, this.label);
    if (tensor.byteLength === 0) return new Uint8Array(0);
    const start = (await this.#position(tensor.storage.key)) + tensor.storage.begin;
    return readStrided(tensor, bitsOf(tensor.dtype) / 8, this.label, (begin, byteLength) =>
      bytes.read(start + begin, byteLength),
    );
  }

  async #position(key: string): Promise<number> {
    const position = this.#positions.get(key) ?? (await this.layout.position(key));
    this.#positions.set(key, position);
    return position;
  }
}
