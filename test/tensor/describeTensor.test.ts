import { Session } from 'node:inspector';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { cast } from '../../src/kernels/elementwise/cast.js';
import { openDevice } from '../../src/node/openDevice.js';
import { hostValues } from '../../src/tensor/describeTensor.js';
import { PlanningDevice } from '../../src/tensor/planningDevice.js';
import { tensorFormatter } from '../../src/tensor/tensorFormatter.js';
import { device, referenceDevice } from '../support/device.js';

const interpreter = await openDevice({ adapter: 'interpreter,seed=0' });
afterAll(() => device.close());

const VALUES = Float32Array.from({ length: 60 }, (_, index) => index - 20.5);

describe.each([referenceDevice, interpreter])('on $kind', (host) => {
  test('the console shows type, shape, range, mean, place and a corner', () => {
    const tensor = host.upload(VALUES, [2, 5, 6]);
    const lines = inspect(tensor).split('\n');
    expect(lines[0]).toBe(`Tensor f32 [2, 5, 6], -20.50 to 38.50, mean 9, on ${host.name}`);
    expect(lines[1]).toBe('at [0, 0 ..., 0 ...]:');
    expect(lines.slice(2).map((line) => line.trim().split(/\s+/))).toEqual([
      ['-20.50', '-19.50', '-18.50', '-17.50', '...'],
      ['-14.50', '-13.50', '-12.50', '-11.50', '...'],
      ['-8.500', '-7.500', '-6.500', '-5.500', '...'],
      ['-2.500', '-1.500', '-0.5000', '0.5000', '...'],
      ['...'],
    ]);
    expect(String(tensor)).toBe(inspect(tensor));
  });

  test('within something else it is a line, and so it is in VS Code', () => {
    const tensor = host.upload(VALUES, [60]);
    const line = 'Tensor f32 [60], -20.50 to 38.50, mean 9';
    expect(inspect({ tensor })).toBe(`{ tensor: ${line} }`);
    const described = tensor as unknown as Record<symbol, () => string>;
    expect(described[Symbol.for('debug.description')]()).toBe(line);
  });

  test('values that are no numbers are counted, and left out of range and mean', () => {
    const values = [1, Number.NaN, 3, Number.POSITIVE_INFINITY];
    const tensor = host.upload(Float32Array.from(values), [4]);
    expect(inspect(tensor, { depth: 0 })).toContain('1 to 3, mean 2, 2 of 4 values NaN or infinite');
    const none = host.upload(Float32Array.of(Number.NaN), [1]);
    expect(inspect({ none })).toBe('{ none: Tensor f32 [1], 1 of 1 values NaN or infinite }');
  });

  test.each(['f16', 'bf16'] as const)('%s is shown as the numbers that it stands for', (dtype) => {
    const tensor = cast(host.upload(Float32Array.of(1, -2, 0.5), [3]), dtype);
    expect([...Array.from(hostValues(tensor) ?? [])]).toEqual([1, -2, 0.5]);
    expect(inspect({ tensor })).toContain(`Tensor ${dtype} [3], -2 to 1`);
  });

  test('indices are shown, and what was freed says so', () => {
    const rows = host.upload(Uint32Array.of(7, 3, 11), [3]);
    expect(inspect({ rows })).toBe('{ rows: Tensor u32 [3], 3 to 11, mean 7 }');
    rows.dispose();
    expect(inspect(rows)).toBe('Tensor u32 [3], freed: what it held is gone');
  });
});

test.skipIf(device.kind !== 'gpu')('on an adapter it says where it is, and how its values are had', () => {
  const tensor = device.upload(VALUES, [60]);
  const how = 'its values come with `await tensor.device.read(tensor)`, not at once';
  expect(inspect(tensor)).toBe(`Tensor f32 [60], on ${device.name}: ${how}`);
  const rows = device.upload(Uint32Array.of(1), [1]);
  expect(inspect(rows)).toContain('tensor.device.readIndices(tensor)');
  expect(inspect(cast(tensor, 'f16'))).toContain('once it is cast to f32');
});

test('where memory is only counted it says that there are none', () => {
  const tensor = new PlanningDevice(referenceDevice).zeros([2, 3]);
  expect(inspect(tensor)).toBe('Tensor f32 [2, 3], without values: it is only counted');
});

test("Chrome's tools ask the formatter, and show the same", () => {
  const session = new Session();
  session.connect();
  const shown: unknown[] = [];
  Object.assign(globalThis, { devtoolsFormatters: [tensorFormatter], tensor: referenceDevice.upload(VALUES, [60]) });
  session.post('Runtime.enable');
  session.post('Runtime.setCustomObjectFormatterEnabled', { enabled: true });
  for (const expression of ['tensor', '({})']) {
    session.post('Runtime.evaluate', { expression }, (_, { result }) => shown.push(result.customPreview?.header));
  }
  session.disconnect();
  Object.assign(globalThis, { devtoolsFormatters: undefined, tensor: undefined });
  expect(shown).toEqual([JSON.stringify(['span', {}, 'Tensor f32 [60], -20.50 to 38.50, mean 9']), undefined]);
  const tensor = referenceDevice.upload(VALUES, [60]);
  expect([tensorFormatter.hasBody(tensor), tensorFormatter.body(tensor)[2]]).toEqual([true, String(tensor)]);
  expect(tensorFormatter.hasBody({})).toBe(false);
});
