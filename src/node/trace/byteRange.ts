/** The first and the last byte of a part of a file. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What a request asks for with its header `Range` (RFC 9110, section 14.2): one range of bytes. Anything else is passed
 * over, which means the whole file.
 * @returns undefined for the whole file, `none` where the file has no such bytes
 */
export function byteRange(header: string | undefined, size: number): ByteRange | undefined | 'none' {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined || (from === '' && to === '')) return undefined;
  const [first, last] =
    from === '' ? [Math.max(0, size - Number(to)), size - 1] : [Number(from), to === '' ? size - 1 : Number(to)];
  if (to !== '' && from !== '' && Number(to) < Number(from)) return undefined;
  return first >= size || (from === '' && Number(to) === 0) ? 'none' : { first, last: Math.min(last, size - 1) };
}
