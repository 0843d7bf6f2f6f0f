import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readZipDirectory } from '../../src/node/files/zipDirectory.js';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import { openTensors } from '../../src/weights/openTensors.js';
import { openShards } from '../../src/weights/safetensors/shards.js';
import type { TensorSource } from '../../src/weights/tensorSource.js';
import { root } from '../docs/documents.js';
import { memoryBytes } from './memoryBytes.js';

const CASES = join(root, 'test/fixtures/parity/checkpoints');

async function tensorsOf(source: TensorSource): Promise<Record<string, unknown>> {
  const tensors: Record<string, unknown> = {};
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors[name] = [dtype, shape, await source.read(name)];
  }
  await source.close();
  return tensors;
}

describe('weights that lie in memory', () => {
  it.each(['legacy.pth', 'protocol5.pt', 'zip64.pth', 'legacy.pth.expected.safetensors'])(
    '%s has the tensors that the file has',
    async (name) => {
      const bytes = memoryBytes(name, await readFile(join(CASES, name)));
      const source = await openTensors(bytes, readZipDirectory);
      expect(source.label).toBe(name);
      const tensors = await tensorsOf(source);
      expect(Object.keys(tensors).length).toBeGreaterThan(0);
      expect(tensors).toEqual(await tensorsOf(await openTensorSource(join(CASES, name))));
      expect(bytes.closed).toBe(1);
      const [first] = source.names();
      await expect(source.read(first)).rejects.toThrow(/closed/);
    },
  );

  it.each([
    [
      'a zip archive where nothing reads them',
      'protocol5.pt',
      undefined,
      /found a zip archive of torch.save, which is not read here/,
    ],
    ['what is no file of weights', 'case.json', undefined, /expected a file of weights, found a text in JSON/],
    ['a hostile pickle', 'hostile/reduce-os-system.pt', readZipDirectory, /Nothing in it was run/],
  ])('%s is refused, and closed', async (_what, name, readZip, message) => {
    const bytes = memoryBytes(name, await readFile(join(CASES, name)));
    await expect(openTensors(bytes, readZip)).rejects.toThrow(message);
    expect(bytes.closed).toBeGreaterThan(0);
  });

  it('shards come from whoever has them', async () => {
    const file = await readFile(join(CASES, 'legacy.pth.expected.safetensors'));
    const whole = await tensorsOf(await openTensors(memoryBytes('whole', file)));
    const shard = memoryBytes('a.safetensors', file);
    const index = (name: string) =>
      JSON.stringify({ weight_map: Object.fromEntries(Object.keys(whole).map((key) => [key, name])) });
    const asked: string[] = [];
    const open = async (name: string) => {
      asked.push(name);
      return name === 'a.safetensors' ? shard : undefined;
    };
    const source = await openShards(index('a.safetensors'), 'index', open);
    expect([asked, source.files]).toEqual([['a.safetensors'], ['index', 'a.safetensors']]);
    expect(await tensorsOf(source)).toEqual(whole);
    expect(shard.closed).toBe(1);
    await expect(openShards(index('b.safetensors'), 'index', open)).rejects.toThrow(
      'index: the shard "b.safetensors" is missing. Download it into the same folder.',
    );
    await expect(openShards(index('../a.safetensors'), 'index', open)).rejects.toThrow(/files beside the index/);
    expect(asked).toEqual(['a.safetensors', 'b.safetensors']);
  });
});
