import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { checkMatrixForm } from '../../src/kernels/forms/checkMatrixForm.js';
import { linear } from '../../src/kernels/linear/linear.js';
import { fitsMatrix, matrixForm, matrixWeights } from '../../src/kernels/linear/linearForm.js';
import { findAdapter } from '../../src/node/adapter/findAdapter.js';
import { openDevice } from '../../src/node/openDevice.js';
import { type Device, type DeviceFeatures, NO_FEATURES } from '../../src/tensor/device.js';
import { expectAllClose } from '../support/allclose.js';
import { device as real, referenceDevice } from '../support/device.js';
import { emulateMatrices } from '../support/emulateMatrices.js';
import { openNullDevice } from '../support/nullDevice.js';
import { typedTensor } from '../support/packed.js';
import { KERNEL_TOLERANCE, MATRIX_TOLERANCE } from '../support/tolerance.js';
import { normal, randomTensor, run, seeds, sizes } from '../support/twins.js';

// The adapters at hand multiply no matrices: kernels that do are read with the functions written out as loops. Where an
// adapter does, they are read as they are.
type Rewrite = (source: string) => string;
const rewrite = vi.hoisted(() => ({ how: ((source) => source) as Rewrite }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const read = (...given: Parameters<typeof fs.readFileSync>) => {
    const contents = fs.readFileSync(...given);
    return /linear\.matrix\.wgsl$/.test(String(given[0])) ? rewrite.how(String(contents)) : contents;
  };
  return { ...fs, readFileSync: read };
});

const emulated: Rewrite = (source) => emulateMatrices(source, real.features.maxSubgroupSize);

type Matrices = NonNullable<DeviceFeatures['matrices']>;
const like = (matrices: Matrices) => ({ features: { ...NO_FEATURES, matrices } }) as Device;

const opened: Device[] = [];
afterAll(() => {
  for (const device of opened) device.close();
});

/** A device of its own that says it multiplies matrices, and what its kernels that do are rewritten to. */
async function pretending(matrices: Matrices, how: Rewrite = emulated, maxSubgroupSize?: number): Promise<Device> {
  const device = await openDevice();
  opened.push(device);
  rewrite.how = how;
  return Object.assign(device, {
    features: { ...device.features, matrices, ...(maxSubgroupSize && { maxSubgroupSize }) },
  });
}

const adapter = real.kind === 'gpu' ? await findAdapter(process.env.TOKENTRIM_ADAPTER || undefined) : undefined;
/** SwiftShader, which takes minutes to compile the loops, is left out; the f32 form has passed there. */
const runs = (matrices: Matrices) =>
  adapter !== undefined &&
  adapter.kind !== 'swiftshader' &&
  real.features.subgroups &&
  (matrices === 'f32' || adapter.features.includes('shader-f16'));

const problems = fc.record({
  rows: sizes(140),
  inFeatures: sizes(40).map((size) => 4 * size),
  outFeatures: sizes(140),
  hasBias: fc.boolean(), // of the two types of weight that are tried one has a bias, for fewer pipelines
  seed: seeds,
});

function expectTwin(on: Device, matrices: Matrices, tolerance: number): Promise<void> {
  return fc.assert(
    fc.asyncProperty(problems, async ({ rows, inFeatures, outFeatures, hasBias, seed }) => {
      const product = (device: Device) => {
        const weight = normal(seed + 1, outFeatures * inFeatures, inFeatures ** -0.5);
        return linear(
          randomTensor(device, seed, [rows, inFeatures]),
          typedTensor(device, weight, [outFeatures, inFeatures], hasBias ? 'bf16' : matrices),
          hasBias ? randomTensor(device, seed + 2, [outFeatures]) : undefined,
          { form: 'matrix' },
        );
      };
      expectAllClose(await run(product, on), await run(product, referenceDevice), tolerance, 'kernel and twin');
    }),
    { numRuns: 50 },
  );
}

describe.each<Matrices>(['f32'])('linear with matrices of %s', (matrices) => {
  test('makes pipelines within the limits that every WebGPU device has', async () => {
    rewrite.how = (source) => source;
    const { kernel } = matrixForm(like(matrices), 64);
    const code = readFileSync(new URL(`../../src/kernels/linear/${kernel}.wgsl`, import.meta.url), 'utf8');
    expect(code).toContain('subgroupMatrixMultiplyAccumulate');
    const nothing = await openNullDevice();
    for (const type of matrixWeights(like(matrices))) {
      nothing.pushErrorScope('validation');
      const constants = { SUBGROUP: 64, WEIGHT_TYPE: ['f32', 'bf16', 'f16'].indexOf(type), HAS_BIAS: 1 };
      nothing.createComputePipeline({
        layout: 'auto',
        compute: { module: nothing.createShaderModule({ code }), constants },
      });
      expect((await nothing.popErrorScope())?.message).toBeUndefined();
    }
    nothing.destroy();
  });

  test.skipIf(!runs(matrices))('with loops for the matrices, passes the check and agrees with its twin', async () => {
    const device = await pretending(matrices);
    expect(fitsMatrix(device, 'bf16', [4, 4])).toBe(false);
    expect((await checkMatrixForm(device)).has('linear')).toBe(true);
    expect([fitsMatrix(device, 'bf16', [4, 4]), fitsMatrix(device, 'bf16', [4, 6])]).toEqual([true, false]);
    expect(fitsMatrix(device, 'f32', [4, 4])).toBe(matrices === 'f32');
    await expectTwin(device, matrices, KERNEL_TOLERANCE);
  });

  test.skipIf(!runs(matrices))('passes where subgroups are smaller than the largest there may be', async () => {
    const device = await pretending(matrices, emulated, 2 * real.features.maxSubgroupSize);
    expect((await checkMatrixForm(device)).has('linear')).toBe(true);
  });

  const narrow = 'unpack2x16float(pack2x16float(vec2f(products))).x;';
  const wrong: [string, Rewrite][] = [
    ['that are transposed', (source) => emulated(source.replace('Right, col_major', 'Right, row_major'))],
    ['whose sums are in f16', (source) => emulated(source).replace('= products;', `= ${narrow}`)],
    ['that do not compile', (source) => source.replace('fn main', 'fn main(')],
  ];
  test.skipIf(!runs(matrices)).each(wrong)('does not pass the check with matrices %s', async (_, how) => {
    const device = await pretending(matrices, how);
    expect((await checkMatrixForm(device)).has('linear')).toBe(false);
    expect(fitsMatrix(device, 'bf16', [4, 4])).toBe(false);
    // Other forms go on, and nothing of the failure is left on the device.
    const x = randomTensor(device, 1, [3, 8]);
    expect(await run(() => linear(x, randomTensor(device, 2, [5, 8])), device)).toHaveLength(15);
    await device.synchronize();
  });
});

describe('the check', () => {
  test('answers at once where there are no matrices', async () => {
    expect((await checkMatrixForm(referenceDevice)).size).toBe(0);
    if (!real.features.matrices) expect((await checkMatrixForm(real)).size).toBe(0);
    expect(() => linear(real.zeros([4, 4]), real.zeros([4, 4]), undefined, { form: 'matrix' })).toThrow(
      'the matrix form',
    );
  });

  test.skipIf(!real.features.matrices)('passes on this adapter, and its own matrices agree with the twin', async () => {
    const device = await openDevice();
    opened.push(device);
    rewrite.how = (source) => source;
    expect((await checkMatrixForm(device)).has('linear')).toBe(true);
    await expectTwin(device, real.features.matrices!, MATRIX_TOLERANCE);
  });
});
