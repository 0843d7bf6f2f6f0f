import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Network } from '../../../src/models/wan/checkpoint/names.js';
import { openTensorSource } from '../../../src/node/model/openTensorSource.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { type ConvertOptions, convertWeights } from '../../../src/node/weights/convertWeights.js';
import { type TensorData, writeSafetensors } from '../../../src/node/weights/writeSafetensors.js';
import { float32ToBfloat16 } from '../../../src/tensor/sixteenBit.js';
import { toFloat32 } from '../../../src/weights/convert.js';
import { SafeTensor } from '../../support/independentSafetensors.js';
import {
  hfNamed,
  LAYOUTS,
  renamed,
  type Tensors,
  toyTensors,
  writeLayout,
  writeTorch,
} from '../../support/publishedLayouts.js';
import { expectSame, tensorsIn } from '../../support/tensorsIn.js';
import { temporaryFolder } from '../../weights/temporary.js';

const PARTS: readonly Network[] = ['transformer', 'vae', 'text-encoder'];

const bytes = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('conversion', () => {
  it.each(LAYOUTS)('%s: every part to official names', async (layout) => {
    const folder = await temporaryFolder();
    const model = await writeLayout(folder, layout);
    for (const part of PARTS) {
      const to = join(folder, `${part}.converted.safetensors`);
      const { tensors, bytes: size } = await convertWeights(model, to, { part });
      expectSame(await tensorsIn(to), await toyTensors(part));
      expect({ tensors, size }).toEqual({
        tensors: (await toyTensors(part)).size,
        size: (await readFile(to)).length,
      });
    }
  });

  it.each(PARTS)('%s: to the names of diffusers and back', async (part) => {
    const folder = await temporaryFolder();
    const [hf, official] = [join(folder, 'hf.safetensors'), join(folder, 'official.safetensors')];
    await convertWeights(toyWorld, hf, { part, naming: 'hf' });
    expectSame(await tensorsIn(hf), hfNamed(part, await toyTensors(part)));
    await convertWeights(hf, official);
    expectSame(await tensorsIn(official), await toyTensors(part));
  });

  it('takes a section of a training checkpoint, and keeps names where told', async () => {
    const folder = await temporaryFolder();
    const transformer = await toyTensors('transformer');
    const from = join(folder, 'train.pt');
    const wrapped = renamed(transformer, (name) => `model.${name}`);
    const half = new Map(
      [...wrapped].map(([name, tensor]) => [name, { ...tensor, data: new Uint8Array(tensor.data.byteLength).fill(1) }]),
    );
    await writeTorch(from, { generator: half, generator_ema: wrapped });
    await convertWeights(from, join(folder, 'ema.safetensors'), { naming: 'keep' });
    expectSame(await tensorsIn(join(folder, 'ema.safetensors')), wrapped);
    await convertWeights(from, join(folder, 'plain.safetensors'), { section: 'generator', naming: 'keep' });
    expectSame(await tensorsIn(join(folder, 'plain.safetensors')), half);
    await expect(convertWeights(from, join(folder, 'no.safetensors'), { section: 'critic' })).rejects.toThrow(
      /no section "critic"/,
    );
  });

  it('keeps the names of what is no part of Wan2.1, unless it is told to find them', async () => {
    const folder = await temporaryFolder();
    const [from, to] = [join(folder, 'lora.pt'), join(folder, 'lora.safetensors')];
    const tensors: Tensors = new Map([
      ['a.lora_A', { dtype: 'F32', shape: [2], data: bytes(Float32Array.of(1, 2)) }],
      ['step', { dtype: 'I64', shape: [], data: bytes(BigInt64Array.of(7n)) }],
    ]);
    await writeTorch(from, tensors);
    await convertWeights(from, to);
    expectSame(await tensorsIn(to), tensors);
    await expect(convertWeights(from, join(folder, 'x.safetensors'), { naming: 'official' })).rejects.toThrow(
      /expected the tensors of a Wan2.1 model, found a LoRA. It changes a model/,
    );
  });

  it('rounds floats to the dtype that is asked for and leaves integers alone', async () => {
    const folder = await temporaryFolder();
    const from = join(folder, 'from.safetensors');
    const values = Float32Array.from({ length: 70 }, (_, index) => Math.sin(index) * 3 ** (index % 9));
    const count: TensorData = { dtype: 'I64', shape: [1], data: bytes(BigInt64Array.of(9n)) };
    await writeSafetensors(
      from,
      new Map<string, TensorData>([
        ['weight', { dtype: 'F32', shape: [7, 10], data: values }],
        ['half', { dtype: 'F16', shape: [2], data: bytes(Uint16Array.of(0x3c01, 0xfc00)) }],
        ['count', count],
      ]),
    );
    const to = join(folder, 'to.safetensors');
    await convertWeights(from, to, { dtype: 'bf16' });
    const narrow = await tensorsIn(to);
    expect(narrow.get('weight')).toEqual({ dtype: 'BF16', shape: [7, 10], data: bytes(float32ToBfloat16(values)) });
    expect([...toFloat32(narrow.get('half')!.data as Uint8Array, 'BF16')]).toEqual([1, Number.NEGATIVE_INFINITY]);
    expect(narrow.get('count')).toEqual(count);
    await convertWeights(from, to, { dtype: 'f32', force: true });
    const wide = await tensorsIn(to);
    expect(wide.get('weight')?.data).toEqual(bytes(values));
    expect([...toFloat32(wide.get('half')!.data as Uint8Array, 'F32')]).toEqual([
      1 + 2 ** -10,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it('multiplies 8-bit floats by their scales, except where everything is kept', async () => {
    const folder = await temporaryFolder();
    const from = join(folder, 'fp8.safetensors');
    const transformer = await toyTensors('transformer');
    const name = 'blocks.0.self_attn.q.weight';
    const codes = Uint8Array.from({ length: 128 * 128 }, (_, index) => index % 127);
    transformer.set(name, { dtype: 'F8_E4M3', shape: [128, 128], data: codes });
    const scales: [string, TensorData][] = [
      ['blocks.0.self_attn.q.scale_weight', { dtype: 'F32', shape: [], data: bytes(Float32Array.of(0.1)) }],
      ['scaled_fp8', { dtype: 'F8_E4M3', shape: [0], data: new Uint8Array(0) }],
    ];
    await writeSafetensors(from, transformer); // without scales
    const converted = async (options: ConvertOptions) => {
      const to = join(folder, 'to.safetensors');
      await convertWeights(from, to, { force: true, ...options });
      return tensorsIn(to);
    };
    expectSame(await converted({}), transformer);
    const exact = toFloat32(codes, 'F8_E4M3');
    const { dtype, data } = (await converted({ dtype: 'f32' })).get(name)!;
    expect([dtype, toFloat32(data as Uint8Array, 'F32')]).toEqual(['F32', exact]);

    const scaled = new Map([...transformer, ...scales]);
    await writeSafetensors(from, scaled);
    expectSame(await converted({ naming: 'keep' }), scaled);
    const wide = await converted({});
    expect(wide.size).toBe(177);
    const products = exact.map((value) => value * Math.fround(0.1));
    expect(wide.get(name)).toEqual({ dtype: 'BF16', shape: [128, 128], data: bytes(float32ToBfloat16(products)) });
    const full = (await converted({ dtype: 'f32' })).get(name)!;
    expect(full.data).toEqual(bytes(products));
  });

  it('is read back by the npm package, without metadata', async () => {
    const to = join(await temporaryFolder(), 'vae.safetensors');
    await convertWeights(toyWorld, to, { part: 'vae', noMetadata: true });
    const read = new SafeTensor(new Uint8Array(await readFile(to)));
    const expected = await toyTensors('vae');
    expect([...read.metadata.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, { dtype, shape, data }] of expected) {
      expect(read.metadata.get(name)).toMatchObject({ dtype, shape });
      expect(Buffer.from(read.getTensor(name)).equals(data as Uint8Array), name).toBe(true);
    }
    const source = await openTensorSource(to);
    expect(source.metadata.size).toBe(0);
    await source.close();
  });

  it('goes through a large tensor in pieces of whole rows', async () => {
    const folder = await temporaryFolder();
    const from = join(folder, 'large.safetensors');
    const values = Float32Array.from({ length: 2999 * 1000 }, (_, index) => index); // 12 MB, no whole number of pieces
    await writeSafetensors(from, new Map([['w', { dtype: 'F32', shape: [2999, 1000], data: values }]]));
    const done: number[] = [];
    const totals = new Set<number>();
    const to = join(folder, 'small.safetensors');
    const onProgress = (bytesDone: number, total: number) => {
      done.push(bytesDone);
      totals.add(total);
    };
    await convertWeights(from, to, { dtype: 'bf16', onProgress });
    expect([...totals]).toEqual([2999 * 2000]);
    expect(done.at(-1)).toBe(2999 * 2000);
    expect(done.length).toBeGreaterThan(2);
    expect(Math.max(...done.map((now, index) => now - (done[index - 1] ?? 0)))).toBeLessThanOrEqual(2 * 2 ** 20);
    const narrow: TensorData = { dtype: 'BF16', shape: [2999, 1000], data: bytes(float32ToBfloat16(values)) };
    expectSame(await tensorsIn(to), new Map([['w', narrow]]));
  });
});
