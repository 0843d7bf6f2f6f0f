import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { selfTest } from '../../src/selfTest/selfTest.js';
import { device } from '../support/device.js';

let model: ModelFolder;

beforeAll(async () => {
  model = await openModelFolder(toyWorld);
});
afterAll(() => model.close());

test.runIf(device.kind === 'gpu')(
  'every kernel of a run agrees with its twin, in every form; nothing stays behind',
  async () => {
    const before = device.memory.liveStorages;
    const launch = device.launch;
    const told: string[] = [];
    const report = await selfTest(device, model, {
      onRun: (done, total, what) => told.push(`${done}/${total} ${what}`),
    });
    expect(report.checks.filter(({ isRight }) => !isRight)).toEqual([]);
    expect(report).toMatchObject({ broken: [], faulty: [], leftOut: [], model: model.config.name });
    const kernels = new Set(report.checks.map(({ kernel }) => kernel));
    for (const kernel of [
      'linear',
      'attention',
      'rope',
      'tokenDrift',
      'updateQuantizedRows',
      'causalConv3d',
      'toPixels',
    ]) {
      expect(kernels).toContain(kernel);
    }
    for (const kernel of ['layerNormGradient', 'motionVarianceGradient', 'adamStep', 'weightedSum', 'blendFrames']) {
      expect(kernels).toContain(kernel);
    }
    expect(told[0]).toMatch(/^0\/\d+ Self Forcing with FlowMo, plain$/);
    expect(told.length).toBe(3 * report.forms.length);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(device.memory.liveStorages).toBe(before);
    expect(device.launch).toBe(launch);
    expect(device.forms.forced).toBeUndefined();
  },
);
