/**
 * Bytes that are read by ranges: a file on the disk, a `Blob` of a page, ranges fetched from a server. What opens weights
 * takes one and owns it: it closes it with what it made of it, and where it fails.
 */
export interface ByteSource {
  /** How errors name it: a path as the user gave it, a file's name, an address. */
  readonly label: string;
  /** In bytes. */
  readonly size: number;
  /**
   * `byteLength` bytes from `position` on, in a buffer of their own (aligned for any typed array).
   * @throws TokenTrimError where they are not all there
   */
  read(position: number, byteLength: number): Promise<Uint8Array>;
  /** Gives back what it holds; reading afterwards is an error, closing again is none. */
  close(): Promise<void>;
}

/** Bytes as hexadecimal digits, two a byte: what a file begins with is compared as such. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
