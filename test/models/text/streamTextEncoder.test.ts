import { describe, expect, test } from 'vitest';
import { textEncoderTensors } from '../../../src/models/wan/checkpoint/expectedTensors.js';
import type { TextEncoderConfig } from '../../../src/models/wan/config.js';
import { freeTextEncoder, loadTextEncoder } from '../../../src/models/wan/text/encoderWeights.js';
import { heldType, streamTextEncoder } from '../../../src/models/wan/text/streamTextEncoder.js';
import { encodePrompt, encodePrompts, encoderStates } from '../../../src/models/wan/text/umt5.js';
import { openDevice } from '../../../src/node/openDevice.js';
import type { Device } from '../../../src/tensor/device.js';
import { PlanningDevice } from '../../../src/tensor/planningDevice.js';
import { elementCount } from '../../../src/tensor/shape.js';
import { device, referenceDevice } from '../../support/device.js';
import { MemorySource } from '../../support/memorySource.js';
import { normal } from '../../support/twins.js';

const config: TextEncoderConfig = {
  ...{ type: 'umt5' as const, shared_pos: false as const, num_buckets: 32, vocab: 50 },
  ...{ dim: 24, dim_attn: 18, dim_ffn: 40, num_heads: 3, num_layers: 5 },
};
const layerTensors = 10;

function source(of = config): MemorySource {
  const tensors = [...textEncoderTensors(of)].map(([name, shape], index) => {
    const values = normal(index + 1, elementCount(shape), name.includes('norm') ? 1 : shape[1] ** -0.5);
    return [name, { shape, values }] as const;
  });
  return new MemorySource(Object.fromEntries(tensors));
}

const prompts = [
  { ids: Int32Array.from({ length: 12 }, (_, position) => (position * 7) % 50), length: 9 },
  { ids: Int32Array.from({ length: 12 }, (_, position) => (position * 3) % 50), length: 1 },
  { ids: Int32Array.from({ length: 20 }, (_, position) => (position * 11) % 50), length: 20 },
];

async function encodeStreamed(on: Device, from = source(), of = config, onTensor?: (name: string) => void) {
  const encoder = await streamTextEncoder(on, from, of, 'f32', onTensor);
  try {
    const encoded = await encodePrompts(encoder, prompts);
    const values = await Promise.all(encoded.map((each) => on.read(each)));
    for (const each of encoded) each.dispose();
    return values;
  } finally {
    freeTextEncoder(encoder);
  }
}

describe('streamTextEncoder', () => {
  test.each([device, referenceDevice])(
    'on $name, gives the bits of a loaded encoder, for several prompts in one pass as for each alone',
    async (on) => {
      const streamed = await encodeStreamed(on);
      const encoder = await loadTextEncoder(on, source(), config, 'f32');
      for (const [index, { ids, length }] of prompts.entries()) {
        const alone = await encodePrompt(encoder, ids, length);
        expect(alone.shape).toEqual([ids.length, config.dim]);
        expect(streamed[index]).toEqual(await on.read(alone));
        alone.dispose();
      }
      freeTextEncoder(encoder);
    },
  );

  test('reads every tensor once a pass, in order, and can be passed again', async () => {
    const from = source();
    const encoder = await streamTextEncoder(device, from, config, 'bf16');
    const [first] = await encodePrompts(encoder, prompts);
    const matrices = from.reads.filter((name) => name.startsWith('blocks.'));
    expect(matrices).toHaveLength(config.num_layers * layerTensors);
    expect(new Set(matrices).size).toBe(matrices.length);
    expect(matrices.map((name) => Number(name.split('.')[1]))).toEqual(
      Array.from({ length: matrices.length }, (_, index) => Math.floor(index / layerTensors)),
    );
    const [again] = await encodePrompts(encoder, prompts);
    expect(await device.read(again)).toEqual(await device.read(first));
    for (const tensor of [first, again]) tensor.dispose();
    freeTextEncoder(encoder);
  });

  test('takes no more device memory for more layers', async () => {
    const peak = async (layers: number) => {
      const fresh = await openDevice();
      await encodeStreamed(fresh, source({ ...config, num_layers: layers }), { ...config, num_layers: layers });
      const { peakBytes, liveStorages } = fresh.memory;
      fresh.close();
      expect(liveStorages).toBe(0);
      return peakBytes;
    };
    expect(await peak(9)).toBe(await peak(2));
  });

  test('reads nothing on a device that only plans', async () => {
    const from = source();
    await encodeStreamed(new PlanningDevice(device), from);
    expect(from.reads).toEqual([]);
  });

  test('at full size binds no more than 128 MiB in bf16 and takes less than half a gigabyte', async () => {
    const full = { ...config, vocab: 256384, dim: 4096, dim_attn: 4096, dim_ffn: 10240, num_heads: 64, num_layers: 3 };
    const sizes = textEncoderTensors(full);
    const from = {
      ...{
        label: 'sizes',
        files: [],
        metadata: new Map(),
        names: () => [...sizes.keys()],
        has: (name: string) => sizes.has(name),
      },
      info: (name: string) => {
        const shape = sizes.get(name) as readonly number[];
        return { dtype: 'BF16' as const, shape, byteLength: 2 * elementCount(shape) };
      },
      read: () => Promise.reject(new Error('read')),
      readRows: () => Promise.reject(new Error('readRows')),
      close: async () => {},
    };
    const limits = { name: 'the least WebGPU guarantees', maxTensorBytes: 2 ** 28, maxBindingBytes: 2 ** 27 };
    const planning = new PlanningDevice({ ...limits, features: device.features, forms: device.forms });
    const encoder = await streamTextEncoder(planning, from, full, 'f32');
    const ids = new Int32Array(512);
    await encodePrompts(encoder, [{ ids, length: 40 }]);
    // One layer is 386 MB; the layer before it, or a matrix in f32, would not fit beside it.
    expect(planning.memory.peakBytes).toBeLessThan(0.45e9);
    await encodePrompts(encoder, [{ ids, length: 512 }]);
    expect(planning.memory.peakBytes).toBeLessThan(0.7e9); // 512 tokens' activations come on top
  });

  test('holds f32 matrices that are too large for the device in bf16, and others as asked', () => {
    const limited = (maxBindingBytes: number) => ({ ...device, maxBindingBytes, maxTensorBytes: 2 ** 30 }) as Device;
    const largest = config.dim * config.dim_ffn * 4;
    expect(heldType(limited(largest), config, 'f32')).toBe('f32');
    expect(heldType(limited(largest - 1), config, 'f32')).toBe('bf16');
    expect(heldType(limited(largest - 1), config, 'f16')).toBe('f16');
  });

  test('frees what it holds when it is ended in the middle of a layer, cannot read, or is left', async () => {
    const before = device.memory.liveStorages;
    const stop = (name: string) => {
      if (name === 'blocks.2.attn.o.weight') throw new Error('stopped');
    };
    await expect(encodeStreamed(device, source(), config, stop)).rejects.toThrow('stopped');
    const unreadable = source();
    const read = unreadable.read.bind(unreadable);
    unreadable.read = async (name) => {
      if (name === 'blocks.3.ffn.fc1.weight') throw new Error('bad sector');
      return read(name);
    };
    await expect(encodeStreamed(device, unreadable)).rejects.toThrow('bad sector');
    const encoder = await streamTextEncoder(device, source(), config, 'f32');
    for await (const { name } of encoderStates(encoder, prompts[0].ids, 4)) if (name === 'block1') break;
    freeTextEncoder(encoder);
    expect(device.memory.liveStorages).toBe(before);
  });
});
