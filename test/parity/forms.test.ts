import { afterEach, describe, expect, test } from 'vitest';
import { expectedForm } from '../../src/kernels/forms/form.js';
import { device } from '../support/device.js';
import { explain, fixtureNames, runFixture } from '../support/goldens.js';
import { launchedKernels } from '../support/launches.js';

// Every case that computes on the device, with one form of the kernels wherever it fits: what is slow here may be what
// another adapter runs. The form that this one runs anyway has its turn in models.test.ts and rollouts.test.ts.
const cases = fixtureNames.filter((name) => !/checkpoints|sentencepiece|schedulers|torch-randn/.test(name));

afterEach(() => {
  device.forms.forced = undefined;
});

const FORMS = ['plain', 'subgroup', 'tiled'] as const;
const usual = expectedForm(device, device.features.subgroups ? FORMS : ['plain', 'tiled']);

describe.each(FORMS)('%s kernels', (form) => {
  test.skipIf(form === usual).each(cases)('%s', async (name) => {
    device.forms.forced = form;
    const report = await runFixture(name, device);
    expect(report.passed, explain(report)).toBe(true);
  });

  test('run where they fit', async () => {
    device.forms.forced = form;
    const kernels = await launchedKernels(device, () => runFixture('dit-causal-kv', device));
    const forms = new Set(kernels.map((kernel) => kernel.split('.')[1] ?? 'plain'));
    const canRun = form === 'plain' || form === 'tiled' || device.features.subgroups;
    expect(forms.has(form)).toBe(canRun);
    if (form === 'plain') expect([...forms]).toEqual(['plain']);
  });
});
