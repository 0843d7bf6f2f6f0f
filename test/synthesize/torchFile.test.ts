import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { OutputFile } from '../../src/node/files/outputFile.js';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import type { TensorStream } from '../../src/node/weights/writeSafetensors.js';
import { StreamedFile } from '../../src/synthesize/streamedFile.js';
import type { TorchContents } from '../../src/synthesize/torch/statePickle.js';
import { streamTorch } from '../../src/synthesize/torch/streamTorch.js';
import { centralDirectory, localHeader } from '../../src/synthesize/torch/zipEntries.js';
import { temporaryFolder } from '../weights/temporary.js';

async function write(contents: TorchContents): Promise<string> {
  const path = join(await temporaryFolder(), 'file.pt');
  const output = await OutputFile.open(path, { force: true });
  const file = new StreamedFile(output);
  await streamTorch(file, 'file', contents);
  await file.finish();
  await output.finish();
  return path;
}

const tensor = (name: string, dtype: TensorStream['dtype'], shape: number[], bytes: Uint8Array): TensorStream => ({
  name,
  dtype,
  shape,
  byteLength: bytes.length,
  pieces: () => [bytes.subarray(0, 3), bytes.subarray(3)],
});

const counting = (count: number) => Uint8Array.from({ length: count }, (_, index) => index * 37);

/** The entries of an archive and where their data begin, by an independent reader. */
async function entriesOf(path: string): Promise<{ file: FileHandle; entries: (Entry & { start: number })[] }> {
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    yauzl.open(path, { lazyEntries: true, autoClose: false }, (error, opened) =>
      error ? reject(error) : resolve(opened),
    ),
  );
  const entries: (Entry & { start: number })[] = [];
  await new Promise<void>((resolve, reject) => {
    zip.on('entry', (entry: Entry) =>
      zip.readLocalFileHeader(entry, (error, header) => {
        if (error) return reject(error);
        entries.push(Object.assign(entry, { start: header.fileDataStart }));
        zip.readEntry();
      }),
    );
    zip.on('end', resolve);
    zip.on('error', reject);
    zip.readEntry();
  });
  zip.close();
  const file = await open(path);
  onTestFinished(() => file.close());
  return { file, entries };
}

test('what is written is an archive of aligned, stored records with right checksums', async () => {
  const path = await write([tensor('a', 'F32', [2, 3], counting(24)), tensor('b', 'BF16', [5], counting(10))]);
  const { file, entries } = await entriesOf(path);
  expect(entries.map(({ fileName }) => fileName)).toEqual([
    'file/data.pkl',
    'file/byteorder',
    'file/data/0',
    'file/data/1',
    'file/version',
  ]);
  for (const { start, compressionMethod, uncompressedSize, crc32: expected } of entries) {
    expect(start % 64).toBe(0);
    expect(compressionMethod).toBe(0);
    const { buffer } = await file.read(Buffer.alloc(uncompressedSize), 0, uncompressedSize, start);
    expect(crc32(buffer)).toBe(expected);
  }
  // The local headers must say the same: PyTorch's own reader looks there.
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, entries[2].relativeOffsetOfLocalHeader + 14);
  expect(buffer.readUInt32LE()).toBe(entries[2].crc32);
});

test('tensors come back by name, dtype, shape and value, from one dictionary and from several', async () => {
  const tensors = [
    tensor('matrix', 'F32', [2, 3], counting(24)),
    tensor('ünï.cödé', 'F16', [1, 1, 7], counting(14)),
    tensor('none', 'BF16', [0, 4], counting(0)),
    tensor('wide', 'BF16', [300], counting(600)),
  ];
  const plain = await openTensorSource(await write(tensors));
  const nested = await openTensorSource(
    await write(
      new Map([
        ['generator', tensors],
        ['generator_ema', []],
      ]),
    ),
  );
  for (const [source, prefix] of [
    [plain, ''],
    [nested, 'generator/'],
  ] as const) {
    expect(source.names()).toEqual(tensors.map(({ name }) => `${prefix}${name}`));
    for (const { name, dtype, shape, byteLength } of tensors) {
      expect(source.info(`${prefix}${name}`)).toMatchObject({ dtype, shape, byteLength });
      expect(Buffer.from(await source.read(`${prefix}${name}`))).toEqual(Buffer.from(counting(byteLength)));
    }
    await source.close();
  }
});

test('archives beyond 4 GiB, with an entry beyond 4 GiB: an independent reader finds every entry', async () => {
  const path = join(await temporaryFolder(), 'large.zip'); // with holes: it takes a few blocks of the disk
  const sizes = [100, 5 * 2 ** 30, 7, 2 ** 32 - 2, 9];
  const file = await open(path, 'w');
  const entries = [];
  let position = 0;
  for (const [index, byteLength] of sizes.entries()) {
    const entry = { name: `large/data/${index}`, byteLength, position, crc: index };
    const header = localHeader(entry, 64);
    await file.write(header, 0, header.length, position);
    entries.push({ ...entry, start: position + header.length });
    position += header.length + byteLength;
  }
  const directory = centralDirectory(entries, position);
  await file.write(directory, 0, directory.length, position);
  await file.close();

  const found = (await entriesOf(path)).entries;
  expect(found.map(({ uncompressedSize }) => uncompressedSize)).toEqual(sizes);
  expect(found.map(({ start }) => start)).toEqual(entries.map(({ start }) => start));
  expect(found.map(({ relativeOffsetOfLocalHeader }) => relativeOffsetOfLocalHeader)).toEqual(
    entries.map((entry) => entry.position),
  );
  expect(found.every(({ start }) => start % 64 === 0)).toBe(true);
});
