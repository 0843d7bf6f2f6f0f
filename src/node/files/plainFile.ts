import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { ensure, TokenTrimError } from '../../errors.js';

// Everything that is read by its name comes through here: opening a named pipe waits for ever, reading a device may
// never end, and a text that is one by mistake may be larger than memory.

/** How an error names a file, and what it should have been. */
export interface FileUse {
  /** With its article: "a tokenizer.json". */
  readonly what: string;
  /** The path by default. */
  readonly label?: string;
}

export interface TextUse extends FileUse {
  /** The most bytes that such a text has. */
  readonly limit: number;
}

/** Read without waiting where the path has become a pipe since it was asked for. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const PIECE_BYTES = 2 ** 16;

/**
 * Opens a file for reading: a plain one, through links, and nothing else.
 *
 * @throws TokenTrimError for folders, pipes, devices and sockets, and with the system's error as its cause
 */
export async function openPlainFile(path: string, use: FileUse): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    ensurePlain(path, await stat(path), use); // asked first: opening alone does something to some devices
    file = await open(path, READ);
    ensurePlain(path, await file.stat(), use);
    return file;
  } catch (cause) {
    await file?.close();
    throw explained(path, cause, use);
  }
}

/**
 * Reads a text in UTF-8, without the mark that some editors put before it.
 *
 * @throws TokenTrimError as {@link openPlainFile} does, and for a text that is too long or is no text
 */
export async function readTextFile(path: string, use: TextUse): Promise<string> {
  const file = await openPlainFile(path, use);
  try {
    const pieces: Uint8Array[] = [];
    // Counted as it is read: files of the kernel claim a size of 0, and others grow.
    for (let done = 0, ended = false; !ended; ) {
      const { buffer, bytesRead } = await file.read(new Uint8Array(PIECE_BYTES), 0, PIECE_BYTES, done);
      pieces.push(buffer.subarray(0, bytesRead));
      ended = bytesRead === 0;
      done += bytesRead;
      ensureShort(path, done, use);
    }
    return decode(path, Buffer.concat(pieces), use);
  } catch (cause) {
    throw explained(path, cause, use);
  } finally {
    await file.close();
  }
}

/** As {@link readTextFile}, for what cannot wait. */
export function readTextFileSync(path: string, use: TextUse): string {
  let file: number | undefined;
  try {
    ensurePlain(path, statSync(path), use);
    file = openSync(path, READ);
    ensurePlain(path, fstatSync(file), use);
    const pieces: Uint8Array[] = [];
    for (let done = 0, ended = false; !ended; ) {
      const piece = new Uint8Array(PIECE_BYTES);
      const bytesRead = readSync(file, piece, 0, PIECE_BYTES, done);
      pieces.push(piece.subarray(0, bytesRead));
      ended = bytesRead === 0;
      done += bytesRead;
      ensureShort(path, done, use);
    }
    return decode(path, Buffer.concat(pieces), use);
  } catch (cause) {
    throw explained(path, cause, use);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The first bytes of a file, at most so many. */
export async function beginning(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** True where an error means that there is no such file. */
export function isAbsent(error: unknown): boolean {
  const { code } = ((error as Error | undefined)?.cause ?? error ?? {}) as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function ensurePlain(path: string, found: Stats, { what, label = path }: FileUse): void {
  const kind = found.isDirectory()
    ? 'a folder'
    : found.isFIFO()
      ? 'a named pipe'
      : found.isSocket()
        ? 'a socket'
        : 'a device';
  const advice = found.isFIFO() ? '. Save what it would say in a file first.' : '.';
  ensure(found.isFile(), () => `${label}: expected ${what}, found ${kind}, not a file${advice}`);
}

function ensureShort(path: string, bytes: number, { what, label = path, limit }: TextUse): void {
  ensure(bytes <= limit, () => `${label}: expected ${what} of at most ${limit} bytes, found a longer file.`);
}

function decode(path: string, bytes: Uint8Array, { what, label = path }: TextUse): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TokenTrimError(`${label}: expected ${what} in UTF-8, found other bytes. Save it as UTF-8.`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'reading it is not allowed',
  EPERM: 'reading it is not allowed',
  ELOOP: 'its links lead in a circle',
};

function explained(path: string, cause: unknown, { label = path }: FileUse): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (cause instanceof TokenTrimError || code === undefined) return cause;
  const reason = REASONS[code] ? `: ${REASONS[code]}` : '';
  return new TokenTrimError(`${label}: could not be opened (${code})${reason}.`, { cause });
}
