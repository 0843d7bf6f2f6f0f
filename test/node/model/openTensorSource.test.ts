import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTensorSource } from '../../../src/node/model/openTensorSource.js';
import { writeSafetensors } from '../../../src/node/weights/writeSafetensors.js';
import { temporaryFolder } from '../../weights/temporary.js';
import { dense, float32, writeLegacy, writeTorchZip } from '../../weights/torch/torchWriter.js';

const INDEX = 'diffusion_pytorch_model.safetensors.index.json';
const SHARDS = [
  'diffusion_pytorch_model-00001-of-00002.safetensors',
  'diffusion_pytorch_model-00002-of-00002.safetensors',
];

const tensor = (value: number) => ({ dtype: 'F32', shape: [2, 1], data: Float32Array.of(value, value + 1) }) as const;

/** Two shards with one tensor each; `weightMap` replaces what the index says. */
async function shardedFolder(weightMap?: Record<string, unknown>): Promise<string> {
  const folder = await temporaryFolder();
  await writeSafetensors(join(folder, SHARDS[0]), new Map([['a', tensor(1)]]), { format: 'pt' });
  await writeSafetensors(join(folder, SHARDS[1]), new Map([['b', tensor(3)]]));
  await writeFile(
    join(folder, INDEX),
    JSON.stringify({ metadata: {}, weight_map: weightMap ?? { b: SHARDS[1], a: SHARDS[0] } }),
  );
  return folder;
}

describe('tensor source', () => {
  it.each(['the folder', 'its index'])('opens shards by %s', async (by) => {
    const folder = await shardedFolder();
    const source = await openTensorSource(by === 'the folder' ? folder : join(folder, INDEX));
    expect(source.names().sort()).toEqual(['a', 'b']);
    expect([...source.files].sort()).toEqual([...SHARDS, INDEX].map((name) => join(folder, name)).sort());
    expect(source.metadata.get('format')).toBe('pt');
    expect(source.info('b')).toMatchObject({ dtype: 'F32', shape: [2, 1] });
    expect(new Float32Array((await source.read('a')).buffer)).toEqual(Float32Array.of(1, 2));
    expect(new Float32Array((await source.readRows('b', 1, 1)).buffer)).toEqual(Float32Array.of(4));
    expect(() => source.info('c')).toThrow(/no tensor "c"/);
    await source.close();
    await expect(source.read('a')).rejects.toThrow(/closed/);
  });

  it('opens a folder with one file', async () => {
    const folder = await temporaryFolder();
    await writeSafetensors(join(folder, 'model.safetensors'), new Map([['a', tensor(1)]]));
    const source = await openTensorSource(folder);
    expect(source.names()).toEqual(['a']);
    await source.close();
  });

  it.each([
    ['a shard is missing', { a: 'gone.safetensors' }, /the shard "gone.safetensors" is missing/],
    ['a tensor is not where it should be', { a: SHARDS[1], b: SHARDS[1] }, /1 tensors are not in the shard.*"a"/],
    [
      'a shard holds more',
      { a: SHARDS[0], __proto__x: SHARDS[1] },
      /not in the shard that the index names: "__proto__x"/,
    ],
    ['a shard holds a stranger', { b: SHARDS[1], a: SHARDS[0], c: SHARDS[0] }, /not in the shard.*"c"/],
    [
      'a path leads out of the folder',
      { a: '../other.safetensors' },
      /beside the index, found "..\/other.safetensors"/,
    ],
    ['a shard is no name', { a: 1 }, /expected \{"weight_map"/],
  ])('refuses an index where %s', async (_why, weightMap, message) => {
    await expect(openTensorSource(await shardedFolder(weightMap))).rejects.toThrow(message);
  });

  it('refuses a shard with a tensor that the index does not give it', async () => {
    const folder = await shardedFolder();
    await writeSafetensors(
      join(folder, SHARDS[1]),
      new Map([
        ['b', tensor(3)],
        ['stray', tensor(5)],
      ]),
    );
    await expect(openTensorSource(folder)).rejects.toThrow(/does not give it: "stray"/);
  });

  it.each(['model.pt', 'model.pth', 'pytorch_model.bin', 'model.ckpt', 'model.safetensors', 'model', 'notes.txt'])(
    'tells what a file is by its contents: %s',
    async (name) => {
      const path = join(await temporaryFolder(), name);
      const storage = float32('0', 1, 2);
      const contents = {
        zip: () => writeTorchZip(path, new Map([['a', dense(storage, [2])]]), [storage]),
        legacy: () => writeLegacy(path, new Map([['a', dense(storage, [2])]]), [storage]),
        safetensors: () => writeSafetensors(path, new Map([['a', tensor(1)]])),
      };
      for (const write of Object.values(contents)) {
        await write();
        const source = await openTensorSource(path);
        expect(source.names()).toEqual(['a']);
        expect(new Float32Array((await source.read('a')).buffer)).toEqual(Float32Array.of(1, 2));
        await source.close();
      }
    },
  );

  it('opens a folder with one PyTorch file, and prefers safetensors beside it', async () => {
    const folder = await temporaryFolder();
    const storage = float32('0', 1);
    await writeTorchZip(join(folder, 'a.pth'), new Map([['from torch', dense(storage, [1])]]), [storage]);
    const torch = await openTensorSource(folder);
    expect(torch.names()).toEqual(['from torch']);
    await torch.close();
    await copyFile(join(folder, 'a.pth'), join(folder, 'b.PT'));
    await expect(openTensorSource(folder)).rejects.toThrow(/expected one set of weights.*"a.pth", "b.PT"/);
    await writeSafetensors(join(folder, 'a.safetensors'), new Map([['from safetensors', tensor(1)]]));
    const safetensors = await openTensorSource(folder);
    expect(safetensors.names()).toEqual(['from safetensors']);
    await safetensors.close();
  });

  it('explains what it cannot open', async () => {
    const folder = await temporaryFolder();
    await expect(openTensorSource(join(folder, 'none'))).rejects.toThrow(/ENOENT/);
    await expect(openTensorSource(folder)).rejects.toThrow(
      /expected a .safetensors file, .* or a PyTorch file .* found nothing/,
    );
    await writeSafetensors(join(folder, 'a.safetensors'), new Map());
    await copyFile(join(folder, 'a.safetensors'), join(folder, 'b.safetensors'));
    await expect(openTensorSource(folder)).rejects.toThrow(
      /expected one set of weights.*"a.safetensors", "b.safetensors"/,
    );
    await mkdir(join(folder, 'part'));
    const notes = join(folder, 'part', 'notes.txt');
    await writeFile(notes, '');
    await expect(openTensorSource(notes)).rejects.toThrow(/expected a file of weights, found an empty file/);
    await writeFile(notes, '<!DOCTYPE html><html>');
    await expect(openTensorSource(notes)).rejects.toThrow(
      /expected a file of weights, found a web page. A link to the page was saved/,
    );
    await expect(openTensorSource('/dev/null')).rejects.toThrow(
      /expected a file of weights, found a device, not a file/,
    );
  });
});
