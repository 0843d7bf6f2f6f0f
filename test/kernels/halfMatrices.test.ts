import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { causalConv3d } from '../../src/kernels/convolution/causalConv3d.js';
import { conv2d } from '../../src/kernels/convolution/conv2d.js';
import { checkMatrixForm } from '../../src/kernels/forms/checkMatrixForm.js';
import { MATRIX_KERNELS } from '../../src/kernels/forms/matrixForm.js';
import { linear } from '../../src/kernels/linear/linear.js';
import { findAdapter } from '../../src/node/adapter/findAdapter.js';
import { openDevice } from '../../src/node/openDevice.js';
import type { Device } from '../../src/tensor/device.js';
import { expectAllClose } from '../support/allclose.js';
import { problem as attentionProblem, problemsOf } from '../support/attentionProblems.js';
import { device as real, referenceDevice } from '../support/device.js';
import { emulateHalfMatrices } from '../support/emulateHalfMatrices.js';
import { type FloatType, typedTensor } from '../support/packed.js';
import { HALF_INPUT_TOLERANCE, KERNEL_TOLERANCE } from '../support/tolerance.js';
import { normal, type Problem, randomTensor, run, seeds, sizes } from '../support/twins.js';

// The adapters at hand multiply no matrices: kernels that do are read with the functions written out as loops.
type Rewrite = (source: string) => string;
const rewrite = vi.hoisted(() => ({ how: ((source) => source) as Rewrite }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const read = (...given: Parameters<typeof fs.readFileSync>) => {
    const contents = fs.readFileSync(...given);
    return /\.matrix\w*\.wgsl$/.test(String(given[0])) ? rewrite.how(String(contents)) : contents;
  };
  return { ...fs, readFileSync: read };
});

/** One shape for all numbers of rows, for fewer pipelines; they fit in the 32 KiB that lavapipe has. */
const SHAPES = {
  linear: { down: 2, along: 2, rows: 2, columns: 2, step: 4, buffers: 1 },
  half: { down: 2, along: 2, rows: 4, columns: 4, step: 2, buffers: 2 },
  few: { down: 2, along: 2, rows: 2, columns: 2, step: 4, buffers: 1 },
  conv: { down: 2, along: 2, rows: 2, columns: 3, step: 4, buffers: 1 },
};

const lanes = real.features.maxSubgroupSize;
const emulated: Rewrite = (source) => emulateHalfMatrices(source, lanes);

const opened: Device[] = [];
afterAll(() => {
  for (const device of opened) device.close();
});

/** A device that says it multiplies matrices of f16, by subgroups of up to `size`, and what its kernels are rewritten to. */
async function pretending(size = 32): Promise<Device> {
  const device = await openDevice();
  opened.push(device);
  for (const [kernel, shape] of Object.entries(SHAPES)) device.forms.shapes.set(kernel, [shape]);
  rewrite.how = emulated;
  const features = { ...device.features, minSubgroupSize: lanes, maxSubgroupSize: size, matrices: 'f16' as const };
  return Object.assign(device, { features: { ...features, workgroupBytes: 32768, workgroupInvocations: 256 } });
}

const adapter = real.kind === 'gpu' ? await findAdapter(process.env.TOKENTRIM_ADAPTER || undefined) : undefined;
/** SwiftShader, which takes minutes to compile the loops, is left out. */
const runs = adapter !== undefined && adapter.kind === 'lavapipe' && lanes >= 4 && lanes <= 16;

async function expectTwins<Drawn>(
  on: Device,
  problems: fc.Arbitrary<Drawn>,
  problem: (drawn: Drawn) => Problem,
  tolerance: number,
  numRuns = 25,
): Promise<void> {
  await checkMatrixForm(on); // before which the forms fit nothing
  await fc.assert(
    fc.asyncProperty(problems, async (drawn) => {
      const [found, expected] = [await run(problem(drawn), on), await run(problem(drawn), referenceDevice)];
      expectAllClose(found, expected, tolerance, 'kernel and twin');
    }),
    { numRuns },
  );
}

const products = fc.record({
  rows: sizes(140),
  inFeatures: sizes(20).map((size) => 8 * size),
  outFeatures: sizes(40).map((size) => 4 * size),
  // Pairs rather than all combinations: each compiles anew, which takes seconds.
  types: fc.constantFrom<{ dtype: FloatType; after: 'nothing' | 'gelu and residual' | 'gate' }>(
    { dtype: 'bf16', after: 'nothing' },
    { dtype: 'f16', after: 'gelu and residual' },
    { dtype: 'bf16', after: 'gate' },
  ),
  seed: seeds,
});
type Product = typeof products extends fc.Arbitrary<infer Drawn> ? Drawn : never;

const product =
  (form: 'matrix' | 'half') =>
  ({ rows, inFeatures, outFeatures, types: { dtype, after }, seed }: Product): Problem =>
  (on) => {
    const weight = normal(seed + 1, outFeatures * inFeatures, inFeatures ** -0.5);
    const to = randomTensor(on, seed + 3, [rows, outFeatures]);
    const gate = { modulation: randomTensor(on, seed + 4, [1, 2, outFeatures]), chunk: 1 };
    return linear(
      randomTensor(on, seed, [rows, inFeatures]),
      typedTensor(on, weight, [outFeatures, inFeatures], dtype),
      after === 'nothing' ? undefined : randomTensor(on, seed + 2, [outFeatures]),
      {
        form,
        gelu: after === 'gelu and residual',
        residual: after === 'gate' ? { to, gate } : after === 'gelu and residual' ? { to } : undefined,
      },
    );
  };

const pictures = fc.record({
  frames: sizes(2),
  height: sizes(9),
  width: sizes(20),
  inChannels: sizes(6).map((size) => 8 * size),
  outChannels: sizes(28).map((size) => 4 * size),
  kernel: fc.constantFrom(1, 3),
  scale: fc.constantFrom(1 as const, 2 as const),
  seed: seeds,
});
type Pictures = typeof pictures extends fc.Arbitrary<infer Drawn> ? Drawn : never;

const convolution =
  ({ frames, height, width, inChannels, outChannels, kernel, seed }: Pictures): Problem =>
  (on) => {
    const frame = (count: number, number: number) =>
      typedTensor(
        on,
        normal(seed + number, count * height * width * inChannels),
        [count, height, width, inChannels],
        'f16',
      );
    const shape = [outChannels, 3, kernel, kernel, inChannels];
    const weight = normal(
      seed + 4,
      shape.reduce((a, b) => a * b),
      (3 * kernel ** 2 * inChannels) ** -0.5,
    );
    const bias = randomTensor(on, seed + 5, [outChannels]);
    const typed = typedTensor(on, weight, shape, kernel === 1 ? 'f16' : 'bf16');
    return causalConv3d(frame(frames, 1), [frame(1, 2), frame(1, 3)], typed, bias, 'matrix');
  };

const flat =
  ({ frames, height, width, inChannels, outChannels, kernel, scale, seed }: Pictures): Problem =>
  (on) => {
    const stride = kernel === 1 && scale === 1 && height > 1 && width > 1 ? 2 : 1;
    const parts = scale;
    const x = normal(seed, frames * height * width * parts * inChannels);
    const weight = normal(seed + 4, outChannels * 9 * inChannels, (9 * inChannels) ** -0.5);
    return conv2d(
      typedTensor(on, x, [frames, height, width, parts * inChannels], 'f16'),
      typedTensor(on, weight, [outChannels, 3, 3, inChannels], 'f16'),
      randomTensor(on, seed + 5, [outChannels]),
      { scale, stride, parts, form: 'matrix' },
    );
  };

const attentions = problemsOf([128])
  .filter(({ cacheType, ownType, rows, ownRows }) => (rows.length > 0 ? cacheType : ownRows > 0 && ownType) !== 'f32')
  .map((drawn) => ({ ...drawn, hasBias: false }));

/** Of one type: of every type a kernel is compiled, which takes longer the larger subgroups are. */
const halves = attentions.map((drawn) => ({ ...drawn, cacheType: 'f16' as const, ownType: 'f16' as const }));

describe.skipIf(!runs)('forms on matrices of f16, with loops for the matrices', () => {
  let device: Device;
  beforeAll(async () => {
    device = await pretending();
  });

  test('pass the check, before which they fit nothing', async () => {
    const product = () => linear(device.zeros([8, 8]), device.zeros([8, 8], 'f16'), undefined, { form: 'half' });
    expect(product).toThrow('the half form');
    expect([...(await checkMatrixForm(device))]).toEqual([...MATRIX_KERNELS]);
    device.scope(() => void product());
  });

  test.each(['matrix', 'half'] as const)('linear, %s, agrees with its twin', async (form) => {
    await expectTwins(device, products, product(form), form === 'half' ? HALF_INPUT_TOLERANCE : KERNEL_TOLERANCE);
  });

  test('attention agrees with its twin', async () => {
    await expectTwins(device, attentions, (drawn) => attentionProblem(drawn, 'matrix'), HALF_INPUT_TOLERANCE, 15);
  });

  test('attention agrees with its twin where subgroups are large, with two buffers of values', async () => {
    const wide = await pretending(64);
    wide.forms.shapes.set('attention', [{ subgroups: 2, copies: 2 }]);
    // Lines that are not padded just fit.
    rewrite.how = (source) => emulated(source.replace('PITCH = 17u', 'PITCH = 16u'));
    Object.assign(wide.features, { workgroupBytes: 49152 });
    try {
      await expectTwins(wide, halves, (drawn) => attentionProblem(drawn, 'matrix'), HALF_INPUT_TOLERANCE, 8);
    } finally {
      rewrite.how = emulated;
    }
  });

  test('the convolutions agree with their twins', async () => {
    await expectTwins(device, pictures, convolution, KERNEL_TOLERANCE);
    await expectTwins(device, pictures, flat, KERNEL_TOLERANCE);
  });
});

describe.skipIf(!runs)('a form that is wrong', () => {
  const wrong: [string, Rewrite][] = [
    ['transposes', (source) => emulated(source.replaceAll('Right, col_major', 'Right, row_major'))],
    ['does not compile', (source) => source.replace('fn main', 'fn main(')],
  ];
  test.each(wrong)('that %s does not pass the check, and others go on', async (_, how) => {
    const device = await pretending();
    rewrite.how = how;
    expect([...(await checkMatrixForm(device))]).toEqual([]);
    const x = randomTensor(device, 1, [3, 8]);
    expect(await run(() => linear(x, randomTensor(device, 2, [5, 8])), device)).toHaveLength(15);
    await device.synchronize();
  });
});
