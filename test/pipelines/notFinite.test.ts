import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PromptEmbeddingsCache } from '../../src/node/caches/promptEmbeddingsCache.js';
import { type GenerateRequest, generate } from '../../src/node/generate.js';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { fileNoise } from '../../src/pipelines/noise/recordedNoise.js';
import { float32ToHalf } from '../../src/tensor/sixteenBit.js';
import { toFloat32 } from '../../src/weights/convert.js';
import type { TensorSource } from '../../src/weights/tensorSource.js';
import { device } from '../support/device.js';
import { MemorySource } from '../support/memorySource.js';
import { temporaryFolder } from '../weights/temporary.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const SMALL: GenerateRequest = {
  ...{ prompt: 'a red circle', width: 16, height: 16, frames: 21, steps: [1000], promptCache: false },
};

type Part = 'transformer' | 'vae' | 'textEncoder';

/** The toy world with every value of a tensor replaced, or one in the middle of it; it is f32 then. */
function damaged(part: Part, name: string, value: number, isWhole = false): ModelFolder {
  const source = folder[part];
  const read = async (asked: string) => {
    const bytes = await source.read(asked);
    if (asked !== name) return bytes;
    const values = toFloat32(bytes, source.info(asked).dtype);
    if (isWhole) values.fill(value);
    else values[values.length >> 1] = value;
    return new Uint8Array(values.buffer);
  };
  const info = (asked: string) => ({ ...source.info(asked), ...(asked === name ? { dtype: 'F32' as const } : {}) });
  const changed: TensorSource = {
    ...{ label: source.label, files: source.files, metadata: source.metadata, info, read },
    names: () => source.names(),
    has: (asked) => source.has(asked),
    readRows: (...asked) => source.readRows(...asked),
    close: async () => undefined,
  };
  return { ...folder, [part]: changed };
}

async function errorOf(on: ModelFolder, request: GenerateRequest): Promise<string> {
  try {
    for await (const event of generate(device, on, request)) void event;
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
}

const { NaN: NAN, NEGATIVE_INFINITY } = Number;

describe('a weight that is no number', () => {
  test.each([
    ['transformer', 'blocks.1.self_attn.k.weight', NAN],
    ['transformer', 'blocks.2.modulation', NEGATIVE_INFINITY],
    ['vae', 'decoder.conv1.weight', NAN],
    ['vae', 'conv2.bias', NAN],
    ['textEncoder', 'blocks.0.attn.q.weight', NAN],
    ['textEncoder', 'norm.weight', NAN],
  ] as const)('in the %s, %s, is refused by its name', async (part, name, value) => {
    expect(await errorOf(damaged(part, name, value), SMALL)).toMatch(
      new RegExp(
        `${name} holds NaN or infinity \\(its value \\d+ is the first\\): the file is damaged.*\`verifyWeights\``,
      ),
    );
  });

  test('nor one past what f16 holds, where the weights are narrowed to it', async () => {
    const values = Float32Array.of(1, 2, 70_000, 4);
    expect(float32ToHalf(values)[2]).toBe(0x7c00);
    const { TensorLoader } = await import('../../src/models/wan/loadTensors.js');
    const source = new MemorySource({ 'layer.weight': { shape: [2, 2], values } });
    await expect(new TensorLoader(device, source, 'f16').matrix('layer.weight')).rejects.toThrow(
      'memory: layer.weight holds a value (the one at 2) past 65504, the largest of f16: use `dtype` bf16',
    );
    const wide = await new TensorLoader(device, source, 'bf16').matrix('layer.weight');
    wide.dispose();
  });
});

describe('a computation that gives no numbers', () => {
  const noise = async () => ({
    initial: async (_: number, count: number) => new Float32Array(count * 16 * 4).fill(Number.NaN),
    renoise: async (_count: number, _from: number, used: number) => new Float32Array(used * 16 * 4),
  });

  test.each(['during', 'after'] as const)('stops at its block, pictures made %s the rollout', async (decode) => {
    const trim = false;
    expect(await errorOf(folder, { ...SMALL, decode, trim, noise })).toMatch(
      /^Block 0 is not made of numbers: there is NaN or infinity among the values\. .*`dtype` f32.*`verifyWeights`/,
    );
    expect(await errorOf(folder, { ...SMALL, preset: 'rolling-forcing', decode, noise })).toMatch(/^Block 0 is not/);
  });

  test('stops for Wan2.1 itself', async () => {
    expect(await errorOf(folder, { ...SMALL, preset: 'wan', steps: [2], noise })).toMatch(/^Block 0 is not made of/);
  });

  test.skipIf(device.kind === 'reference')('of the VAE alone is told from one of the DiT', async () => {
    const loud = damaged('vae', 'decoder.head.2.weight', 3e38, true); // numbers, but not twice as large
    for (const decode of ['during', 'after'] as const) {
      expect(await errorOf(loud, { ...SMALL, decode, dtype: 'f32' })).toMatch(
        /^The pictures that the VAE made of block 0 hold NaN or infinity\. .*`verifyWeights`/,
      );
    }
  });
});

describe('what a run is given', () => {
  test('noise in a file', async () => {
    const values = new Float32Array(64).fill(1);
    values[40] = Number.NEGATIVE_INFINITY;
    const source = new MemorySource({
      noise: { shape: [2, 2, 4, 4], values },
      'renoise.000': { shape: [2, 2, 4, 4], values },
    });
    const noise = fileNoise(source, [2, 4, 4], 2);
    await expect(noise.initial(0, 1)).rejects.toThrow('memory: noise holds NaN or infinity');
    await expect(noise.renoise(2, 1, 1)).rejects.toThrow('memory: renoise.000 holds NaN or infinity');
  });

  test('a remembered prompt counts as absent', async () => {
    const cache = new PromptEmbeddingsCache(await temporaryFolder());
    const key = '0'.repeat(64);
    await cache.write(key, Float32Array.of(1, Number.NaN), [1, 2]);
    expect(await cache.read(key, [1, 2])).toBeUndefined();
    await cache.write(key, Float32Array.of(1, 2), [1, 2]);
    expect(await cache.read(key, [1, 2])).toEqual(Float32Array.of(1, 2));
  });
});
