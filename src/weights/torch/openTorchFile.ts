import { ensure } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { type FlatTensors, flatten } from './flatten.js';
import { openLegacyLayout } from './legacyLayout.js';
import { TorchFile } from './torchFile.js';
import { openZipLayout } from './zipLayout.js';

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
  const hex = Buffer.from(signature).toString('hex');
  if (ZIP_SIGNATURES.some((start) => hex.startsWith(start))) return 'zip';
  return hex.startsWith('80') && hex.includes(LEGACY_MAGIC) ? 'legacy' : undefined;
}

/**
 * Opens a file of torch.save (.pt, .pth, .bin, .ckpt), in the zip format or the one before it. Nothing in it is run: its
 * pickle may name tensors, storages and dictionaries, and anything else is refused. Only the pickle is read; tensors stay
 * where they lie. Names are the nested keys joined by "/".
 *
 * @throws TokenTrimError when the file is cut short, malformed, or holds more than tensors and plain values
 */
export async function openTorchFile(bytes: ByteSource): Promise<TorchFile> {
  const { label, size } = bytes;
  try {
    const format = torchFormat(await bytes.read(0, Math.min(size, SIGNATURE_BYTES)));
    ensure(
      format,
      `${label}: expected a PyTorch file of torch.save (a zip archive, or the format before torch 1.6), found neither. ` +
        'Download the file again, or save it with torch.save.',
    );
    const layout = await (format === 'zip' ? openZipLayout : openLegacyLayout)(bytes);
    const tensors = flatten(layout.root, label);
    checkGrowth(tensors, size, label);
    return new TorchFile(bytes, layout, tensors);
  } catch (error) {
    await bytes.close();
    throw error;
  }
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
