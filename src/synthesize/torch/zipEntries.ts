// The records of a zip archive of stored entries. Source: PKWARE APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16.

/** An entry of the archive, its data stored as they are. */
export interface ZipEntry {
  readonly name: string;
  readonly byteLength: number;
  /** Where the entry's header begins in the file. */
  readonly position: number;
  /** Of the data; known only when they were written. */
  crc: number;
}

/** A field that holds this, or more, has its value in the zip64 field. */
const FULL_32 = 0xffffffff;
const FULL_16 = 0xffff;
const VERSION = 20;
const VERSION_64 = 45;
const ZIP64_FIELD = 0x0001;
/** What PyTorch calls the field that moves the data to an aligned place: "FB". */
const PADDING_FIELD = 0x4246;
const UTF8_NAMES = 1 << 11;

/** Offset of the checksum in a local header. */
export const CRC_OFFSET = 14;

/** @param alignment the data behind the header will begin at a multiple of this many bytes */
export function localHeader({ name, byteLength, position, crc }: ZipEntry, alignment: number): Buffer {
  const large = byteLength >= FULL_32;
  const nameBytes = Buffer.from(name);
  const zip64 = large ? extraField(ZIP64_FIELD, bigints(byteLength, byteLength)) : Buffer.alloc(0);
  const unpadded = position + 30 + nameBytes.length + zip64.length + 4;
  const padding = extraField(PADDING_FIELD, Buffer.alloc((alignment - (unpadded % alignment)) % alignment, 'Z'));
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(large ? VERSION_64 : VERSION, 4);
  header.writeUInt16LE(UTF8_NAMES, 6);
  header.writeUInt16LE(DOS_DATE, 12);
  header.writeUInt32LE(crc, CRC_OFFSET);
  header.writeUInt32LE(large ? FULL_32 : byteLength, 18);
  header.writeUInt32LE(large ? FULL_32 : byteLength, 22);
  header.writeUInt16LE(nameBytes.length, 26);
  header.writeUInt16LE(zip64.length + padding.length, 28);
  return Buffer.concat([header, nameBytes, zip64, padding]);
}

/** The directory at the end of the archive, with the records that close it. */
export function centralDirectory(entries: readonly ZipEntry[], position: number): Buffer {
  const headers = Buffer.concat(entries.map(centralHeader));
  const isZip64 = entries.length >= FULL_16 || position >= FULL_32 || headers.length >= FULL_32;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries.length, FULL_16), 8);
  end.writeUInt16LE(Math.min(entries.length, FULL_16), 10);
  end.writeUInt32LE(Math.min(headers.length, FULL_32), 12);
  end.writeUInt32LE(Math.min(position, FULL_32), 16);
  const zip64 = isZip64 ? zip64End(entries.length, headers.length, position) : Buffer.alloc(0);
  return Buffer.concat([headers, zip64, end]);
}

function centralHeader({ name, byteLength, position, crc }: ZipEntry): Buffer {
  const nameBytes = Buffer.from(name);
  const beyond = [
    ...(byteLength >= FULL_32 ? [byteLength, byteLength] : []),
    ...(position >= FULL_32 ? [position] : []),
  ];
  const extra = beyond.length > 0 ? extraField(ZIP64_FIELD, bigints(...beyond)) : Buffer.alloc(0);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(beyond.length > 0 ? VERSION_64 : VERSION, 4);
  header.writeUInt16LE(beyond.length > 0 ? VERSION_64 : VERSION, 6);
  header.writeUInt16LE(UTF8_NAMES, 8);
  header.writeUInt16LE(DOS_DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(Math.min(byteLength, FULL_32), 20);
  header.writeUInt32LE(Math.min(byteLength, FULL_32), 24);
  header.writeUInt16LE(nameBytes.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(Math.min(position, FULL_32), 42);
  return Buffer.concat([header, nameBytes, extra]);
}

function zip64End(entries: number, directoryBytes: number, position: number): Buffer {
  const record = Buffer.alloc(56 + 20);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4); // bytes of this record that follow
  record.writeUInt16LE(VERSION_64, 12);
  record.writeUInt16LE(VERSION_64, 14);
  bigints(entries, entries, directoryBytes, position).copy(record, 24);
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(position + directoryBytes), 64); // where this record begins
  record.writeUInt32LE(1, 72); // number of disks
  return record;
}

/** 1 January 1980, the first day there is: the bytes do not depend on when they were written. */
const DOS_DATE = (1 << 5) | 1;

function extraField(id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

function bigints(...values: number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index);
  return bytes;
}
