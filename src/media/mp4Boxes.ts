/** A box of ISO/IEC 14496-12, section 4.2: four bytes of size, four of type, contents. */
export function box(type: string, ...contents: readonly Uint8Array[]): Buffer {
  const size = 8 + contents.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([u32(size), Buffer.from(type, 'latin1'), ...contents]);
}

/** A box that begins with its version and flags. */
export function fullBox(type: string, version: number, flags: number, ...contents: readonly Uint8Array[]): Buffer {
  return box(type, u32(version * 2 ** 24 + flags), ...contents);
}

export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, 4 * index);
  });
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export interface Mp4Box {
  readonly type: string;
  readonly start: number;
  /** Where its contents begin. */
  readonly content: number;
  readonly end: number;
}

/** The boxes that follow one another in `data`, up to the first that is cut off. */
export function* boxesIn(data: Uint8Array, from = 0, to = data.length): Generator<Mp4Box> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let start = from; start + 8 <= to; ) {
    const end = start + view.getUint32(start);
    if (end < start + 8 || end > to) return;
    const type = String.fromCharCode(...data.subarray(start + 4, start + 8));
    yield { type, start, content: start + 8, end };
    start = end;
  }
}

/** The first box along a path of types. */
export function findBox(
  data: Uint8Array,
  [type, ...rest]: readonly string[],
  from = 0,
  to?: number,
): Mp4Box | undefined {
  for (const found of boxesIn(data, from, to)) {
    if (found.type === type) return rest.length > 0 ? findBox(data, rest, found.content, found.end) : found;
  }
  return undefined;
}
