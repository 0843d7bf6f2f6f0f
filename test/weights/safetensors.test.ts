import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { openFileBytes } from '../../src/node/files/fileBytes.js';
import { writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import { openSafetensors } from '../../src/weights/safetensors/tensorFile.js';
import { SafeTensor } from '../support/independentSafetensors.js';
import { temporaryFolder } from './temporary.js';
import { tensorsArbitrary } from './tensorArbitrary.js';

describe('safetensors', () => {
  it('reads back what was written', async () => {
    const path = join(await temporaryFolder(), 'any.safetensors');
    const metadataArbitrary = fc.dictionary(fc.string(), fc.string());
    await fc.assert(
      fc.asyncProperty(tensorsArbitrary, metadataArbitrary, async (tensors, metadata) => {
        await writeSafetensors(path, tensors, metadata);
        const file = await openSafetensors(await openFileBytes(path));
        try {
          expect(new Set(file.names())).toEqual(new Set(tensors.keys()));
          expect(file.metadata).toEqual(new Map(Object.entries(metadata)));
          for (const [name, { dtype, shape, data }] of tensors) {
            expect(file.info(name)).toMatchObject({ dtype, shape, byteLength: data.byteLength });
            expect(await file.read(name)).toEqual(data);
            if (!shape[0]) continue;
            const rowBytes = data.byteLength / shape[0];
            const [first, count] = [Math.floor(shape[0] / 2), Math.ceil(shape[0] / 2)];
            const rows = new Uint8Array(data.buffer, data.byteOffset + first * rowBytes, count * rowBytes);
            expect(await file.readRows(name, first, count)).toEqual(rows);
          }
        } finally {
          await file.close();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('agrees with the npm package', async () => {
    const path = join(await temporaryFolder(), 'any.safetensors');
    await fc.assert(
      fc.asyncProperty(tensorsArbitrary, async (tensors) => {
        await writeSafetensors(path, tensors);
        const other = new SafeTensor(Uint8Array.from(await readFile(path)));
        const file = await openSafetensors(await openFileBytes(path));
        try {
          expect(file.names()).toEqual([...other.metadata.keys()]);
          for (const name of file.names()) {
            const { dtype, shape } = other.metadata.get(name)!;
            expect(file.info(name)).toMatchObject({ dtype, shape });
            expect(await file.read(name)).toEqual(other.getTensor(name));
          }
        } finally {
          await file.close();
        }
      }),
      { numRuns: 40 },
    );
  });

  it('aligns every tensor and its header', async () => {
    const path = join(await temporaryFolder(), 'aligned.safetensors');
    const small = { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) } as const;
    const wide = { dtype: 'F64', shape: [1], data: Float64Array.of(0.5) } as const;
    await writeSafetensors(
      path,
      new Map<string, typeof small | typeof wide>([
        ['small', small],
        ['wide', wide],
      ]),
    );
    const bytes = await readFile(path);
    const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
    expect(headerEnd % 8).toBe(0);
    expect(bytes.readDoubleLE(headerEnd)).toBe(0.5);
  });

  it('reads rows beyond 4 GiB without reading the rest', async () => {
    const path = join(await temporaryFolder(), 'sparse.safetensors');
    const rows = 1_100_000;
    const header = `{"table":{"dtype":"F32","shape":[${rows},1024],"data_offsets":[0,${rows * 4096}]}}`;
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    const handle = await open(path, 'w');
    await handle.write(Buffer.concat([prefix, Buffer.from(header)]));
    const last = 8 + header.length + (rows - 1) * 4096;
    await handle.write(Buffer.from(Float32Array.of(1, 2, 3).buffer), 0, 12, last);
    await handle.truncate(last + 4096);
    await handle.close();

    const file = await openSafetensors(await openFileBytes(path));
    const read = await file.readRows('table', rows - 2, 2);
    expect([...new Float32Array(read.buffer).slice(1023, 1028)]).toEqual([0, 1, 2, 3, 0]);
    await expect(file.read('table')).rejects.toThrow(/read it by rows/);
    await expect(file.readRows('table', rows - 1, 2)).rejects.toThrow(/has rows 0 to 1099999/);
    await file.close();
    await expect(file.readRows('table', 0, 1)).rejects.toThrow(/closed/);
  });

  it('lists 8-bit floats but refuses to read them', async () => {
    const path = join(await temporaryFolder(), 'fp8.safetensors');
    const header = '{"w":{"dtype":"F8_E8M0","shape":[2],"data_offsets":[0,2]}}';
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    await writeFile(path, Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(2)]));
    const file = await openSafetensors(await openFileBytes(path));
    expect(file.info('w')).toMatchObject({ dtype: 'F8_E8M0', shape: [2] });
    await expect(file.read('w')).rejects.toThrow(/F8_E8M0, which is not supported yet: use the bf16 or fp16 file/);
    await file.close();
  });

  it('explains a file that is not there, and a name that is not in it', async () => {
    const folder = await temporaryFolder();
    await expect(openFileBytes(join(folder, 'none.safetensors'))).rejects.toThrow(/could not be opened \(ENOENT\)/);
    await expect(openFileBytes(folder)).rejects.toThrow(/not a file/);
    const path = join(folder, 'empty.safetensors');
    await writeSafetensors(path, new Map());
    const file = await openSafetensors(await openFileBytes(path));
    expect(() => file.info('__proto__')).toThrow(TokenTrimError);
    await file.close();
  });

  it('leaves nothing behind when writing fails', async () => {
    const folder = await temporaryFolder();
    const wrong = new Map([['w', { dtype: 'F32', shape: [3], data: new Float32Array(2) }]] as const);
    await expect(writeSafetensors(join(folder, 'w.safetensors'), wrong)).rejects.toThrow(
      /F32 \[3\] does not fit its 8 bytes/,
    );
    await expect(writeSafetensors(join(folder, 'no/such/w.safetensors'), new Map())).rejects.toThrow(
      /Cannot write .*its folder does not exist/,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});
