import { TokenTrimError } from '../../errors.js';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EBUSY: 'it is in use',
  EDQUOT: "this user's share of the disk is used up",
  EEXIST: 'part of the path is a file, not a folder',
  EFBIG: 'the file is larger than is allowed there',
  EIO: 'the disk reports an error',
  EISDIR: 'it is a folder, not a file',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'this program may open no more files',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'its folder does not exist and cannot be made',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of the path is a file, not a folder',
  EPERM: 'permission is denied',
  EROFS: 'the disk is read-only',
  ETXTBSY: 'it is a program that is running',
};

/** Why a file could not be written, in words; the system's own where there are no better ones. */
export function reasonOf(error: unknown): string {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

/** Whether a disk (or a user's share of it) has no room left, as the error or the one behind it says. */
export function isFull(error: unknown): boolean {
  const { code = '', cause } = error as NodeJS.ErrnoException & { cause?: unknown };
  return ['ENOSPC', 'EDQUOT'].includes(code) || (cause instanceof Error && isFull(cause));
}

/** Why nothing could be kept in a cache folder, as the end of a sentence, and what to do. */
export function cacheProblem(folder: string, error: unknown): string {
  if (isFull(error)) {
    return `the disk that holds ${folder} is full. Free some room there, or set XDG_CACHE_HOME to a folder on another disk.`;
  }
  return `${folder} cannot be written (${reasonOf(error)}). Set XDG_CACHE_HOME to a folder that can.`;
}

/**
 * What the user is told of an output that cannot be written.
 * @param reason the system's error, or why in words
 * @param advice what to do; another place by default
 */
export function unwritable(path: string, reason: unknown, advice = 'Choose another path.'): TokenTrimError {
  const why = typeof reason === 'string' ? reason : reasonOf(reason);
  return new TokenTrimError(`Cannot write ${path}: ${why}. ${advice}`, { cause: reason });
}
