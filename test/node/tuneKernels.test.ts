import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Form } from '../../src/kernels/forms/form.js';
import { changedForms, recordedFormsSchema, recordForms, useForms } from '../../src/kernels/forms/recordedForms.js';
import { TrialInputs } from '../../src/kernels/forms/trial.js';
import { trialOf } from '../../src/kernels/forms/trials.js';
import { openDevice } from '../../src/node/openDevice.js';
import { type TuneOptions, tuneKernels } from '../../src/node/tuneKernels.js';
import type { Device } from '../../src/tensor/device.js';
import { referenceDevice } from '../support/device.js';

/** A class with a `subgroup` form on every adapter whose subgroups have one size. */
const NORM = { kernel: 'layerNorm', type: 'f32', size: 'any' } as const;
const KEY = 'layerNorm | f32 | any';

let folder = '';
const opened: Device[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokentrim-tune-'));
});
afterEach(() => {
  for (const device of opened.splice(0)) device.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(kernels = 'auto'): Promise<Device> {
  const device = await openDevice({ kernels });
  opened.push(device);
  return device;
}

/** A device that has met the class, as a plan or a run would. */
async function askingDevice(kernels?: string): Promise<Device> {
  const device = await open(kernels);
  await runNorm(device);
  return device;
}

async function runNorm(device: Device): Promise<void> {
  const inputs = new TrialInputs(device);
  const launch = trialOf(NORM, 'processor')?.prepare(inputs);
  device.scope(() => void launch?.());
  await device.synchronize();
  inputs.free();
}

/** A clock on which each form takes so long, and a device for trials on which a form of no time fails. */
function fakeTimes(costs: Partial<Record<Form, number>>) {
  let time = 0;
  let devices = 0;
  let mostLive = 0;
  const openBench = async () => {
    devices++;
    const bench = await open();
    const synchronize = bench.synchronize.bind(bench);
    bench.synchronize = async () => {
      mostLive = Math.max(mostLive, bench.memory.liveStorages);
      const form = bench.forms.chosen.get(KEY);
      const cost = form && costs[form];
      if (form && !cost) throw new Error('does not compile');
      time += cost ?? 0;
      return synchronize();
    };
    return bench;
  };
  const options = { now: () => time, open: openBench, folder };
  return { options, devices: () => devices, mostLive: () => mostLive };
}

/** Options of a run that must not measure anything. */
const noTrials = (): TuneOptions => ({ folder, open: () => Promise.reject(new Error('a trial was made')) });

test('the fastest form is used, remembered, and not measured again', async () => {
  const device = await askingDevice();
  expect([...(device.forms.asked.get(KEY)?.forms ?? [])]).toEqual(['plain', 'subgroup']);
  const trials: unknown[] = [];
  const onTrial = (...trial: unknown[]) => void trials.push(trial);
  const times = fakeTimes({ plain: 20, subgroup: 60 });
  expect(await tuneKernels(device, { ...times.options, onTrial })).toEqual({ measured: 1, changed: true });
  expect(device.forms.chosen.get(KEY)).toBe('plain');
  expect(trials).toEqual([[0, 1, expect.objectContaining(NORM)]]);
  expect(times.devices()).toBe(1);
  expect(times.mostLive()).toBe(2); // the inputs; what each launch makes is freed
  expect(device.memory.liveStorages).toBe(0);
  const [name] = readdirSync(folder);
  expect(JSON.parse(readFileSync(join(folder, name), 'utf8')).choices).toEqual({
    [KEY]: { ...NORM, form: 'plain', milliseconds: { plain: 20, subgroup: 60 } },
  });

  const next = await askingDevice();
  expect(await tuneKernels(next, noTrials())).toEqual({ measured: 0, changed: true });
  expect(next.forms.chosen.get(KEY)).toBe('plain');
  expect(await tuneKernels(next, noTrials())).toEqual({ measured: 0, changed: false });
});

test('a form that fails is not used, and does not harm the device of the run', async () => {
  const device = await askingDevice();
  const times = fakeTimes({ plain: 20 });
  expect(await tuneKernels(device, times.options)).toEqual({ measured: 1, changed: true });
  expect(device.forms.chosen.get(KEY)).toBe('plain');
  expect(times.devices()).toBe(2); // another one for the form after it
  await device.synchronize();
});

test('without trials only what is remembered is used', async () => {
  const fresh = await askingDevice();
  expect(await tuneKernels(fresh, { ...noTrials(), measure: 'none' })).toEqual({ measured: 0, changed: false });
  await tuneKernels(fresh, fakeTimes({ plain: 20, subgroup: 60 }).options);
  const next = await open();
  await tuneKernels(next, { ...noTrials(), measure: 'none' });
  expect(next.forms.chosen.get(KEY)).toBe('plain');
});

test('trials are made for a run that is long beside them, and for no other', async () => {
  const times = fakeTimes({ plain: 20, subgroup: 60 });
  const device = await askingDevice();
  expect(await tuneKernels(device, { ...noTrials(), work: 1e10 })).toEqual({ measured: 0, changed: false });
  expect(readdirSync(folder)).toEqual([]);
  expect(await tuneKernels(device, { ...times.options, work: 1e15 })).toEqual({ measured: 1, changed: true });
});

test('what another process remembered meanwhile stands for the next run', async () => {
  const [device, others] = [await askingDevice(), await askingDevice()];
  const times = fakeTimes({ plain: 20, subgroup: 60 });
  const otherTimes = fakeTimes({ plain: 60, subgroup: 20 });
  const openLate = async () => {
    await tuneKernels(others, otherTimes.options);
    return times.options.open();
  };
  await tuneKernels(device, { ...times.options, open: openLate });
  expect(device.forms.chosen.get(KEY)).toBe('plain');
  const next = await askingDevice();
  await tuneKernels(next, noTrials());
  expect(next.forms.chosen.get(KEY)).toBe('subgroup');
});

test('a forced form and the reference device are left alone', async () => {
  const forced = await askingDevice('plain');
  expect(forced.forms.asked.size).toBe(0);
  expect(await tuneKernels(forced, { ...noTrials(), measure: 'all' })).toEqual({ measured: 0, changed: false });
  expect(await tuneKernels(referenceDevice, noTrials())).toEqual({ measured: 0, changed: false });
  expect(readdirSync(folder)).toEqual([]);
});

test('a recorded form runs whatever a trial chose, and nothing is measured', async () => {
  const device = await askingDevice();
  await tuneKernels(device, fakeTimes({ plain: 20, subgroup: 60 }).options);
  const record = recordForms(device);
  expect(record).toEqual({ forced: null, classes: { [KEY]: 'plain' } });
  expect(recordedFormsSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);

  const next = await open();
  await useForms(next, { forced: null, classes: { [KEY]: 'subgroup' } });
  await runNorm(next);
  expect(await tuneKernels(next, noTrials())).toEqual({ measured: 0, changed: false });
  expect([...(next.forms.ran.get('layerNorm') ?? [])]).toEqual(['subgroup']);
  expect(changedForms(next, record)).toEqual([`${KEY}: subgroup in the place of plain`]);
  await useForms(next, record);
  expect(changedForms(next, record)).toEqual([]);

  const forced = await askingDevice('plain');
  expect(recordForms(forced)).toEqual({ forced: 'plain', classes: {} });
  await useForms(next, recordForms(forced));
  expect(next.forms.forced).toBe('plain');
});

test('a recorded form that the adapter has not is said, and another one runs', async () => {
  const device = await open();
  await useForms(device, { forced: null, classes: { [KEY]: 'tiled' } }); // norms have none
  await runNorm(device);
  expect(changedForms(device, { forced: null, classes: { [KEY]: 'tiled' } })).toEqual([
    `${KEY}: subgroup in the place of tiled`,
  ]);
});
