import { afterAll, beforeAll, expect, test } from 'vitest';
import { chooseForm } from '../../src/kernels/forms/form.js';
import { findAdapter } from '../../src/node/adapter/findAdapter.js';
import { openGpuDevice } from '../../src/node/adapter/openGpuDevice.js';
import { kernelText } from '../../src/node/kernelTexts.js';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { selfTest } from '../../src/selfTest/selfTest.js';
import { GpuDevice } from '../../src/tensor/gpu/gpuDevice.js';
import { device } from '../support/device.js';

let model: ModelFolder;

beforeAll(async () => {
  model = await openModelFolder(toyWorld);
});
afterAll(() => model.close());

/** The device under test, with its kernels as `change` makes them. */
async function changed(change: (name: string, text: string) => string): Promise<GpuDevice> {
  const found = await findAdapter(process.env.TOKENTRIM_ADAPTER || undefined);
  const opened = await openGpuDevice(found, { onLost: () => undefined });
  return new GpuDevice(opened, found.name, (name) => change(name, kernelText(name)));
}

/** A sum that leaves out what its first lane has, and the like. */
const wrong = (from: string, to: string) => (text: string) => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

test.runIf(device.kind === 'gpu')('a form that is wrong is found, said, and not chosen any more', async () => {
  const eps = wrong('params.eps', '(params.eps + 0.01)');
  const broken = await changed((name, text) => (name === 'layerNorm.subgroup' ? eps(text) : text));
  try {
    const report = await selfTest(broken, model);
    const found = report.checks.filter(({ isRight }) => !isRight);
    expect(new Set(found.map(({ kernel }) => kernel))).toEqual(new Set(['layerNorm.subgroup']));
    expect(report.faulty).toEqual(['layerNorm subgroup']);
    const problem = { kernel: 'layerNorm', type: 'f32', size: 'any' };
    expect(chooseForm(broken, problem, { subgroup: true })).toBe('plain');
    expect(chooseForm(broken, { ...problem, kernel: 'rmsNorm' }, { subgroup: true })).toBe('subgroup');
    // A driver that was mended is used again.
    const again = await selfTest(device, model);
    expect(again.faulty).toEqual([]);
  } finally {
    broken.close();
  }
});

test.runIf(device.kind === 'gpu')(
  'a kernel that has one form is said to be wrong, and a form that does not compile to be broken',
  async () => {
    const half = wrong('= sqrt(', '= 0.999 * sqrt(');
    const broken = await changed((name, text) => {
      if (name === 'tokenDrift') return half(text);
      return name === 'rmsNorm.subgroup' ? 'this is no WGSL' : text;
    });
    try {
      const report = await selfTest(broken, model);
      const found = report.checks.filter(({ isRight }) => !isRight);
      expect(new Set(found.map(({ kernel }) => kernel))).toEqual(new Set(['tokenDrift']));
      expect(found[0].error).toBeGreaterThan(5e-4);
      expect(report.broken).toEqual([{ form: 'subgroup', reason: expect.stringContaining('Invalid') }]);
      expect(report.faulty).toContain('rmsNorm subgroup');
      expect(report.faulty.every((form) => form.endsWith(' subgroup'))).toBe(true);
    } finally {
      broken.close();
    }
  },
);
