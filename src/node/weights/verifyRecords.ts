import { stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { SIGNATURE_BYTES, torchFormat } from '../../weights/torch/openTorchFile.js';
import { ZipRecords } from '../../weights/torch/zipRecords.js';
import { openFileBytes } from '../files/fileBytes.js';

const PIECE_BYTES = 8 * 2 ** 20;

export interface CheckedRecords {
  /** How many records carry a checksum. */
  readonly checked: number;
  /** Names of those whose data has another. */
  readonly wrong: readonly string[];
}

/**
 * Compares the CRC-32 of every record of a PyTorch zip file with the one in its directory; undefined for any other file.
 * torch.save can leave checksums out (`set_crc32_options(False)`): a file with none at all has nothing to compare.
 */
export async function checkRecords(
  path: string,
  onBytes: (bytes: number) => void,
): Promise<CheckedRecords | undefined> {
  if (!(await stat(path)).isFile()) return undefined;
  const file = await openFileBytes(path);
  try {
    if (torchFormat(await file.read(0, Math.min(file.size, SIGNATURE_BYTES))) !== 'zip') return undefined;
    const records = await ZipRecords.open(file);
    const named = records.names().filter((name) => records.byteLength(name) > 0);
    if (named.every((name) => records.checksum(name) === 0)) return { checked: 0, wrong: [] };
    const wrong: string[] = [];
    for (const name of named) {
      const start = await records.position(name);
      const length = records.byteLength(name);
      let crc = 0;
      for (let done = 0; done < length; done += PIECE_BYTES) {
        const piece = await file.read(start + done, Math.min(PIECE_BYTES, length - done));
        crc = crc32(piece, crc);
        onBytes(piece.length);
      }
      if (crc !== records.checksum(name)) wrong.push(name);
    }
    return { checked: named.length, wrong };
  } finally {
    await file.close();
  }
}
