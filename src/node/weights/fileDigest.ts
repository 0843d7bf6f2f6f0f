import { createHash } from 'node:crypto';
import { openFileBytes } from '../files/fileBytes.js';

/** What a file is known by. */
export interface FileDigest {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** What went into the hash: the whole file, or {@link digestFile}'s samples of a large one. */
  readonly method: 'whole' | 'sampled';
}

/** The whole of files up to this size is hashed, which takes a tenth of a second. */
const WHOLE_BYTES = 64 * 2 ** 20;

/** Of larger files so many pieces of so many bytes are, evenly spaced from the first byte to the last: 8 MiB in all. */
const SAMPLES = 128;
const SAMPLE_BYTES = 64 * 1024;

/**
 * SHA-256 of a file, or of samples of one that is too large to be read for that: its size as 8 bytes (little-endian), then
 * the pieces in order, piece i from byte floor(i * (size - 65536) / 127) on. Two checkpoints that differ by training or
 * conversion differ in nearly every piece; a few changed bytes between the pieces are not seen.
 * @throws TokenTrimError where the file cannot be read
 */
export async function digestFile(path: string, wholeBytes = WHOLE_BYTES): Promise<FileDigest> {
  const file = await openFileBytes(path);
  try {
    const bytes = file.size;
    const hash = createHash('sha256');
    if (bytes <= wholeBytes) {
      for (let at = 0; at < bytes; at += WHOLE_BYTES) {
        hash.update(await file.read(at, Math.min(WHOLE_BYTES, bytes - at)));
      }
      return { path, bytes, sha256: hash.digest('hex'), method: 'whole' };
    }
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(bytes));
    hash.update(size);
    const length = Math.min(SAMPLE_BYTES, bytes);
    for (let piece = 0; piece < SAMPLES; piece++) {
      hash.update(await file.read(Math.floor((piece * (bytes - length)) / (SAMPLES - 1)), length));
    }
    return { path, bytes, sha256: hash.digest('hex'), method: 'sampled' };
  } finally {
    await file.close();
  }
}

/** SHA-256 of all of a file, however large. */
export async function sha256Of(path: string): Promise<string> {
  return (await digestFile(path, Number.POSITIVE_INFINITY)).sha256;
}
