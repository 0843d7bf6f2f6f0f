import { afterAll, beforeAll, expect, test } from 'vitest';
import { cast } from '../../../src/kernels/elementwise/cast.js';
import { classKey } from '../../../src/kernels/forms/form.js';
import { TrialInputs } from '../../../src/kernels/forms/trial.js';
import { knownClasses, trialOf } from '../../../src/kernels/forms/trials.js';
import { type ModelFolder, openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { planMemory } from '../../../src/pipelines/plan/planMemory.js';
import { FormTable } from '../../../src/tensor/formTable.js';
import { PlanningDevice } from '../../../src/tensor/planningDevice.js';
import { device } from '../../support/device.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

/** An adapter like a processor's or a card's, whose table is empty. */
function adapter(lanes: number): PlanningDevice {
  const features = { subgroups: true, minSubgroupSize: lanes, maxSubgroupSize: lanes };
  const [maxTensorBytes, maxBindingBytes] = [2 ** 30, 2 ** 27];
  return new PlanningDevice({
    name: 'planned',
    features,
    forms: new FormTable(),
    maxTensorBytes,
    maxBindingBytes,
  });
}

test.each(knownClasses())('$kernel, $type, $size: the problem that stands for a class is of that class', (problem) => {
  for (const [scale, lanes] of [
    ['processor', 8],
    ['card', 32],
  ] as const) {
    const planning = adapter(lanes);
    const inputs = new TrialInputs(planning);
    trialOf(problem, scale)?.prepare(inputs)();
    expect([...planning.forms.asked.keys()]).toEqual([classKey(problem)]);
    inputs.free();
  }
});

test.each(['self-forcing', 'rolling-forcing', 'wan'] as const)(
  '%s: there is a trial for every class it meets',
  async (preset) => {
    const planning = adapter(8);
    for (const [dtype, kvDtype] of [
      ['f32', 'f32'],
      ['f16', 'bf16'],
      ['bf16', 'f16'],
      ['f16', 'i8'],
    ] as const) {
      await planMemory(planning, folder, { prompt: 'a red circle', preset, dtype, kvDtype, frames: 33 }, 1e12);
    }
    const { asked } = planning.forms;
    expect(asked.size).toBeGreaterThan(8);
    const unknown = [...asked.values()].filter((problem) => !trialOf(problem, 'processor'));
    expect(unknown.map(classKey)).toEqual([]);
  },
);

test.each(['f32', 'bf16', 'f16'] as const)(
  'inputs in %s are numbers of about 1 of either sign, as many as asked for',
  async (dtype) => {
    const [parts, length] = [3, 2 ** 15]; // more than the period
    const inputs = new TrialInputs(device);
    const values = Array.from(await device.read(cast(inputs.random([parts, length], dtype), 'f32')));
    inputs.free();
    expect(values).toHaveLength(parts * length);
    const sizes = values.map(Math.abs);
    expect(sizes.every((size) => size >= 0.5 && size < 1)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.05); // one sign alone gives 0.75
  },
);
