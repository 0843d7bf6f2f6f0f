import { expect, test } from 'vitest';
import { parseInterpreter } from '../../src/interpreter/interpreterOptions.js';
import { openDevice } from '../../src/node/openDevice.js';

test('an adapter of another name is not the interpreter', () => {
  for (const name of [undefined, '', 'gpu', 'interpreters', 'lavapipe']) expect(parseInterpreter(name)).toBeUndefined();
});

test('settings follow the name', () => {
  expect(parseInterpreter('interpreter')).toEqual({});
  expect(parseInterpreter(' Interpreter , subgroups=16, largest=32, matrices=f16, seed=0')).toEqual({
    subgroups: 16,
    largest: 32,
    matrices: 'f16',
    seed: 0,
  });
});

test.each([
  ['interpreter,lanes=8', 'the interpreter has no option "lanes=8"'],
  ['interpreter,subgroups=9', 'expected 0, 4, 8, 16, 32, 64, 128 for `subgroups`, found "9"'],
  ['interpreter,subgroups', 'found ""'],
  ['interpreter,subgroups=16,largest=8', '`largest` 8 is less than `subgroups` 16'],
  ['interpreter,matrices=f16', "`matrices` are a subgroup's"],
  ['interpreter,subgroups=8,matrices=bf16', 'expected f32 or f16 for `matrices`, found "bf16"'],
  ['interpreter,seed=-1', 'expected a whole number for `seed`, found "-1"'],
])('%s is refused', (adapter, message) => {
  expect(() => parseInterpreter(adapter)).toThrow(message);
});

test('a device is opened by that name, with forms for what it pretends to be', async () => {
  const device = await openDevice({ adapter: 'interpreter,subgroups=8', kernels: 'tiled' });
  expect(device.kind).toBe('interpreter');
  expect(device.name).toBe('interpreter (WGSL on the host, subgroups of 8)');
  expect(device.features).toMatchObject({ subgroups: true, minSubgroupSize: 8, maxSubgroupSize: 8 });
  expect(device.forms.forced).toBe('tiled');
});
