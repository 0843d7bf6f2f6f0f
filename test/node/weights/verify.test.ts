import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { formatInspection } from '../../../src/node/weights/formatInspection.js';
import { inspectPath } from '../../../src/node/weights/inspect.js';
import { isSound, verifyWeights } from '../../../src/node/weights/verify.js';
import { type TensorData, writeSafetensors } from '../../../src/node/weights/writeSafetensors.js';

import { toyTensors, writeTorch } from '../../support/publishedLayouts.js';
import { temporaryFolder } from '../../weights/temporary.js';
import { dense, float32, writeLegacy } from '../../weights/torch/torchWriter.js';

const f32 = (...values: number[]) =>
  ({ dtype: 'F32', shape: [2, values.length / 2], data: Float32Array.from(values) }) as const;
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe('verifying weights', () => {
  it('finds nothing wrong with the toy world, in every format', async () => {
    const folder = await temporaryFolder();
    const tensors = await toyTensors('vae');
    await writeTorch(join(folder, 'vae.pth'), tensors);
    const amount = { tensors: 194, nonFinite: [] };
    expect(await verifyWeights(join(toyWorld, 'vae.safetensors'))).toMatchObject(amount);
    const torch = await verifyWeights(join(folder, 'vae.pth'));
    expect(torch).toMatchObject({ ...amount, records: { wrong: [] } });
    expect(torch.records?.checked).toBeGreaterThan(194);
    const [inspected] = await inspectPath(join(folder, 'vae.pth'), { verify: true });
    expect(formatInspection([inspected])).toMatch(
      /verified +every value of 194 tensors, .* is finite\n +the checksums of all \d+ records are right/,
    );
  });

  it('names the tensors, counts, and the first place, in safetensors, shards, and both of torch.save', async () => {
    const folder = await temporaryFolder();
    const bad = f32(1, 2, 3, 4, nan, -infinity, 5, nan);
    const half = { dtype: 'F16', shape: [3], data: Uint16Array.of(0, 0x7c00, 0x3c00) } as const;
    const good = f32(1, 2);
    const tensors = new Map<string, TensorData>([
      ['good', good],
      ['bad', bad],
      ['half', half],
    ]);
    const found = [
      { name: 'bad', dtype: 'F32', shape: [2, 4], nan: 2, infinite: 1, first: [1, 0] },
      { name: 'half', dtype: 'F16', shape: [3], nan: 0, infinite: 1, first: [1] },
    ];
    const at = (name: string) => join(folder, name);
    await writeSafetensors(at('a.safetensors'), tensors);
    await writeTorch(at('b.pt'), tensors);
    await writeSafetensors(at('c-1.safetensors'), new Map([['good', good]]));
    await writeSafetensors(
      at('c-2.safetensors'),
      new Map<string, TensorData>([
        ['bad', bad],
        ['half', half],
      ]),
    );
    const weight_map = { good: 'c-1.safetensors', bad: 'c-2.safetensors', half: 'c-2.safetensors' };
    await writeFile(at('c.safetensors.index.json'), JSON.stringify({ weight_map }));
    for (const name of ['a.safetensors', 'b.pt', 'c.safetensors.index.json']) {
      const verified = await verifyWeights(at(name));
      expect([...verified.nonFinite].sort((left, right) => left.name.localeCompare(right.name))).toEqual(found);
      expect(isSound(verified)).toBe(false);
    }
    const storage = float32('0', 1, nan, 3, infinity);
    await writeLegacy(at('d.pth'), new Map([['x', dense(storage, [2, 2])]]), [storage]);
    expect((await verifyWeights(at('d.pth'))).nonFinite).toMatchObject([
      { name: 'x', nan: 1, infinite: 1, first: [0, 1] },
    ]);
    const text = formatInspection(await inspectPath(at('a.safetensors'), { verify: true }));
    expect(text).toContain('2 of 3 tensors hold values that are not finite');
    expect(text).toContain('"bad": 2 NaN, 1 infinite, the first at [1, 0] of F32 [2, 4]');
  });

  it('finds any byte of a torch file that changed, and which record it is in', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a.pt');
    const data = Float32Array.from({ length: 64 }, (_, index) => index);
    await writeTorch(
      path,
      new Map<string, TensorData>([
        ['a', { dtype: 'F32', shape: [64], data }],
        ['b', f32(1, 2)],
      ]),
    );
    const whole = await readFile(path);
    const begin = whole.indexOf(Buffer.from(data.buffer));
    await fc.assert(
      fc.asyncProperty(fc.nat(255), fc.integer({ min: 1, max: 255 }), async (offset, flip) => {
        const damaged = Buffer.from(whole);
        damaged[begin + offset] ^= flip;
        await writeFile(path, damaged);
        const { records } = await verifyWeights(path);
        expect(records?.wrong).toEqual(['archive/data/0']);
      }),
      { numRuns: 20 },
    );
    const [inspected] = await inspectPath(path, { verify: true });
    expect(formatInspection([inspected])).toMatch(/the checksums of 1 of \d+ records are wrong: "archive\/data\/0"/);
  });

  it('reads a large tensor in pieces, and tells how far it is', async () => {
    const path = join(await temporaryFolder(), 'large.safetensors');
    const rows = 5000;
    const data = new Float32Array(rows * 1000).fill(1);
    data[4321 * 1000 + 17] = nan;
    await writeSafetensors(path, new Map([['large', { dtype: 'F32', shape: [rows, 1000], data }]]));
    const told: number[] = [];
    const { nonFinite } = await verifyWeights(path, (done, total) => told.push(done / total));
    expect(nonFinite).toMatchObject([{ nan: 1, first: [4321, 17] }]);
    expect(told.length).toBeGreaterThan(2);
    expect(told.at(-1)).toBe(1);
    expect(told.toSorted((left, right) => left - right)).toEqual(told);
  });
});
