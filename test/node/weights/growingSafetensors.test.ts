import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openTensorSource } from '../../../src/node/model/openTensorSource.js';
import { GrowingSafetensors } from '../../../src/node/weights/growingSafetensors.js';
import { temporaryFolder } from '../../weights/temporary.js';

const frames = (count: number, first = 0) => Float32Array.from({ length: count * 6 }, (_, index) => first + index / 7);

test('whatever is appended is read back, however it was cut', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'grown.safetensors');
  const tensors = fc.array(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(tensors, fc.string(), async (parts, prompt) => {
      const file = await GrowingSafetensors.create(path, parts.length, { prompt });
      const expected: number[][] = [];
      for (const [tensor, counts] of parts.entries()) {
        file.begin(`tensor.${tensor}`, [2, 3], tensor === 0);
        expected.push([]);
        for (const count of counts) {
          const values = frames(count, expected[tensor].length);
          expected[tensor].push(...values);
          await file.append(values);
        }
      }
      await file.close();
      const source = await openTensorSource(path);
      expect(source.metadata.get('prompt')).toBe(prompt);
      for (const [tensor, values] of expected.entries()) {
        const name = `tensor.${tensor}`;
        expect(source.info(name).shape).toEqual([...(tensor === 0 ? [1] : []), values.length / 6, 2, 3]);
        expect([...new Float32Array((await source.read(name)).buffer)]).toEqual(values);
      }
      await source.close();
    }),
    { numRuns: 30 },
  );
});

test('the path gets its file at the end, and keeps what it had where nothing was appended', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'grown.safetensors');
  const first = await GrowingSafetensors.create(path, 1);
  first.begin('latents', [2, 3], true);
  await first.append(frames(2));
  await first.close();
  const older = await readFile(path);
  for (const end of ['close', 'abandon'] as const) {
    const file = await GrowingSafetensors.create(path, 1);
    file.begin('latents', [2, 3], true);
    if (end === 'abandon') {
      await file.append(frames(1));
      expect(await readdir(folder)).toContain('grown.partial.safetensors');
    }
    await file[end]();
    await file.abandon(); // once more is no mistake
    expect(await readdir(folder)).toEqual(['grown.safetensors']);
    expect(await readFile(path)).toEqual(older);
  }
  const early = await GrowingSafetensors.create(path, 1);
  early.begin('latents', [2, 3], true);
  await early.append(frames(1));
  expect(await early.close(true)).toBe(join(folder, 'grown.partial.safetensors'));
  expect(await readFile(path)).toEqual(older);
  const source = await openTensorSource(join(folder, 'grown.partial.safetensors'));
  expect(source.info('latents').shape).toEqual([1, 1, 2, 3]);
  await source.close();
});

test('paths and sizes that cannot be written are refused at once', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'folder'));
  await writeFile(join(folder, 'file'), '');
  const create = (name: string, tensors = 1) => GrowingSafetensors.create(join(folder, name), tensors);
  await expect(create('none/grown')).rejects.toThrow('none/grown: its folder does not exist');
  await expect(create('file/grown')).rejects.toThrow('part of the path is a file, not a folder');
  await expect(create('folder')).rejects.toThrow('folder: it is a folder');
  await expect(create('grown', 1_000_000)).rejects.toThrow('up to 1000000 tensors do not fit a safetensors header');
  if (process.platform !== 'win32') {
    await expect(GrowingSafetensors.create('/dev/null', 1)).rejects.toThrow('it is a device, not a plain file');
  }
  expect(await readdir(folder)).toEqual(['file', 'folder']);
});

test('when the disk is full in the middle, the frames before are kept', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'grown.safetensors');
  const file = await GrowingSafetensors.create(path, 2);
  file.begin('noise', [2, 3], true);
  await file.append(frames(4));
  file.begin('latents', [2, 3], false);

  // A write that takes a part, then none, as a disk with a few bytes left does.
  const probe = await open(join(folder, 'probe'), 'w');
  const handle = Object.getPrototypeOf(probe);
  await probe.close();
  const write = handle.write;
  let writes = 0;
  const full = vi.spyOn(handle, 'write').mockImplementation(function (this: unknown, ...args: unknown[]) {
    const [bytes, offset, , position] = args as [Buffer, number, number, number];
    if (writes++ === 0) return write.call(this, bytes, offset, 5, position);
    return Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
  });
  onTestFinished(() => full.mockRestore());
  await expect(file.append(frames(2))).rejects.toThrow(`Cannot write ${path}: the disk is full`);
  full.mockRestore();

  await file.close();
  const source = await openTensorSource(path);
  expect(source.names()).toEqual(['noise']);
  expect([...new Float32Array((await source.read('noise')).buffer)]).toEqual([...frames(4)]);
  await source.close();
});
