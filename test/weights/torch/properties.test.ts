import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenTrimError } from '../../../src/errors.js';
import { temporaryFolder } from '../temporary.js';
import { openTorch } from './openTorch.js';
import type { Pickled } from './pickleWriter.js';
import {
  legacyFile,
  STORAGES,
  type Storage,
  type StorageDType,
  tensorOf,
  type View,
  writeLegacy,
  writeTorchZip,
} from './torchWriter.js';

const dtypes = fc.constantFrom(...(Object.keys(STORAGES) as StorageDType[]));

const storages = fc
  .array(fc.tuple(dtypes, fc.integer({ min: 0, max: 40 })), { minLength: 1, maxLength: 3 })
  .chain((kinds) =>
    fc.tuple(
      ...kinds.map(([dtype, count], index) => {
        const length = count * STORAGES[dtype][1];
        return fc
          .uint8Array({ minLength: length, maxLength: length })
          .map((bytes): Storage => ({ key: `k${index}`, dtype, bytes }));
      }),
    ),
  );

/** Any view that stays inside a storage of `elements`: expanded, transposed, overlapping and empty ones among them. */
const views = (elements: number): fc.Arbitrary<View> =>
  fc
    .record({
      offset: fc.nat(elements),
      axes: fc.array(fc.tuple(fc.nat(5), fc.nat(12)), { maxLength: 5 }),
    })
    .map(({ offset, axes }) => ({
      offset,
      shape: axes.map(([size]) => size),
      strides: axes.map(([, stride]) => stride),
    }))
    .filter((view) => view.shape.includes(0) || lastIndex(view) < elements);

const lastIndex = ({ offset, shape, strides }: View) =>
  shape.reduce((last, size, axis) => last + (size - 1) * strides[axis], offset);

const files = storages.chain((all) =>
  fc
    .array(
      fc.nat(all.length - 1).chain((index) => {
        const storage = all[index];
        return views(storage.bytes.length / STORAGES[storage.dtype][1]).map((view) => ({ storage, view }));
      }),
      { maxLength: 5 },
    )
    .map((tensors) => ({ tensors, storages: all.filter((one) => tensors.some(({ storage }) => storage === one)) })),
);

/** The values of a view, element by element. */
function expectedBytes({ bytes, dtype }: Storage, { offset, shape, strides }: View): number[] {
  const size = STORAGES[dtype][1];
  const out: number[] = [];
  const walk = (axis: number, at: number): void => {
    if (axis === shape.length) out.push(...bytes.subarray(at * size, (at + 1) * size));
    else for (let index = 0; index < shape[axis]; index++) walk(axis + 1, at + index * strides[axis]);
  };
  walk(0, offset);
  return out;
}

test('any views of shared storages, in both formats, whole and by rows', async () => {
  const folder = await temporaryFolder();
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.constantFrom(2, 3, 4, 5),
      fc.boolean(),
      fc.nat(5),
      fc.nat(5),
      async (file, protocol, isZip, start, count) => {
        const root = new Map(
          file.tensors.map(({ storage, view }, index) => [`t${index}`, tensorOf(storage, view)] as [Pickled, Pickled]),
        );
        const path = join(folder, 'file.pt');
        await (isZip ? writeTorchZip : writeLegacy)(path, root, file.storages, { protocol });
        const source = await openTorch(path);
        try {
          for (const [index, { storage, view }] of file.tensors.entries()) {
            expect(source.info(`t${index}`)).toMatchObject({ dtype: storage.dtype, shape: view.shape });
            const bytes = expectedBytes(storage, view);
            expect([...(await source.read(`t${index}`))]).toEqual(bytes);
            const rows = view.shape[0] ?? 0;
            const first = Math.min(start, rows);
            const taken = Math.min(count, rows - first);
            const rowBytes = rows === 0 ? 0 : bytes.length / rows;
            const part = bytes.slice(first * rowBytes, (first + taken) * rowBytes);
            expect([...(await source.readRows(`t${index}`, first, taken))]).toEqual(part);
          }
        } finally {
          await source.close();
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('damaged files: the tensors or an explanation, never another error', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'file.pt');
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      async (file, isZip, changes, cut, isCut) => {
        const root = new Map(
          file.tensors.map(({ storage, view }, index) => [`t${index}`, tensorOf(storage, view)] as [Pickled, Pickled]),
        );
        let bytes: Buffer;
        if (isZip) {
          await writeTorchZip(path, root, file.storages);
          bytes = await readFile(path);
        } else bytes = legacyFile(root, file.storages);
        for (const [position, value] of changes) bytes[position % bytes.length] = value;
        await writeFile(path, isCut ? bytes.subarray(0, Math.floor(cut * bytes.length)) : bytes);
        try {
          const source = await openTorch(path);
          try {
            for (const name of source.names()) {
              expect((await source.read(name)).length).toBe(source.info(name).byteLength);
            }
          } finally {
            await source.close();
          }
        } catch (error) {
          expect(error).toBeInstanceOf(TokenTrimError);
          expect((error as Error).message).toContain(path);
        }
      },
    ),
    { numRuns: 300 },
  );
});
