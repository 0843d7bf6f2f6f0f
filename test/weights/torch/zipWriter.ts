import { open } from 'node:fs/promises';
import { deflateRawSync } from 'node:zlib';

export interface ZipRecord {
  readonly name: string;
  readonly data: Uint8Array;
  /** Bytes of zeros before the data that take no room on the disk. */
  readonly hole?: number;
  readonly deflate?: boolean;
  /** What the directory says instead of the truth. */
  readonly lies?: { readonly size?: number; readonly offset?: number; readonly name?: string };
}

const U32 = 0xffffffff;

/** Writes a zip archive of stored records as torch.save does; with zip64, all sizes and offsets are in its fields. */
export async function writeZip(
  path: string,
  records: readonly ZipRecord[],
  { zip64 = false, entryCount = records.length }: { zip64?: boolean; entryCount?: number } = {},
): Promise<void> {
  const file = await open(path, 'w');
  const directory: Buffer[] = [];
  let position = 0;
  for (const record of records) {
    const data = record.deflate ? deflateRawSync(record.data) : record.data;
    const size = (record.hole ?? 0) + data.length;
    const local = header(record, { size, offset: position, zip64, central: false });
    await file.write(local, 0, local.length, position);
    const { lies = {} } = record;
    directory.push(
      header(
        { ...record, name: lies.name ?? record.name },
        { size: lies.size ?? size, offset: lies.offset ?? position, zip64, central: true },
      ),
    );
    position += local.length;
    await file.write(data, 0, data.length, position + size - data.length);
    position += size;
  }
  const end = Buffer.concat([
    ...directory,
    ...endRecords(entryCount, Buffer.concat(directory).length, position, zip64),
  ]);
  await file.write(end, 0, end.length, position);
  await file.close();
}

interface Place {
  readonly size: number;
  readonly offset: number;
  readonly zip64: boolean;
  readonly central: boolean;
}

function header({ name, deflate }: ZipRecord, { size, offset, zip64, central }: Place): Buffer {
  const nameBytes = Buffer.from(name, 'latin1');
  const extra = zip64 ? Buffer.alloc(central ? 28 : 20) : Buffer.alloc(0);
  if (zip64) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(extra.length - 4, 2);
    extra.writeBigUInt64LE(BigInt(size), 4);
    extra.writeBigUInt64LE(BigInt(size), 12);
    if (central) extra.writeBigUInt64LE(BigInt(offset), 20);
  }
  const fields = Buffer.alloc(central ? 46 : 30);
  fields.writeUInt32LE(central ? 0x02014b50 : 0x04034b50, 0);
  const at = central ? 2 : 0; // the central header has one more field at the beginning
  fields.writeUInt16LE(deflate ? 8 : 0, 8 + at);
  fields.writeUInt32LE(zip64 ? U32 : size, 18 + at);
  fields.writeUInt32LE(zip64 ? U32 : size, 22 + at);
  fields.writeUInt16LE(nameBytes.length, 26 + at);
  fields.writeUInt16LE(extra.length, 28 + at);
  if (central) fields.writeUInt32LE(zip64 ? U32 : offset, 42);
  return Buffer.concat([fields, nameBytes, extra]);
}

function endRecords(count: number, size: number, offset: number, zip64: boolean): Buffer[] {
  const wide = Buffer.alloc(56 + 20);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(size), 40);
  wide.writeBigUInt64LE(BigInt(offset), 48);
  wide.writeUInt32LE(0x07064b50, 56);
  wide.writeBigUInt64LE(BigInt(offset + size), 64);
  wide.writeUInt32LE(1, 72);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(zip64 ? 0xffff : count, 8);
  end.writeUInt16LE(zip64 ? 0xffff : count, 10);
  end.writeUInt32LE(zip64 ? U32 : size, 12);
  end.writeUInt32LE(zip64 ? U32 : offset, 16);
  return zip64 ? [wide, end] : [end];
}
