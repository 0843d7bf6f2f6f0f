import { describe, expect, test } from 'vitest';
import { add } from '../../src/kernels/elementwise/elementwise.js';
import type { Device } from '../../src/tensor/device.js';
import { Arena } from '../../src/tensor/scope.js';
import { device, referenceDevice } from '../support/device.js';

const devices: [string, Device][] = [
  ['the adapter', device],
  ['the reference device', referenceDevice],
];

describe.each(devices)('scope on %s', (_, on) => {
  const live = () => on.memory.liveStorages;
  const one = () => on.upload(Float32Array.of(1, 2), [2]);

  test('frees all but what it returns', async () => {
    const before = live();
    const sum = on.scope(() => add(add(one(), one()), one()));
    expect(live()).toBe(before + 1);
    expect([...(await on.read(sum))]).toEqual([3, 6]);
    sum.dispose();
    expect(live()).toBe(before);
  });

  test('keeps tensors found in arrays and plain objects, and views of them', async () => {
    const before = live();
    const kept = on.scope(() => {
      one();
      return { list: [one(), { inner: one() }], view: one().reshape(1, 2), nothing: undefined, count: 3 };
    });
    expect(live()).toBe(before + 3);
    const [first, { inner }] = kept.list as [ReturnType<typeof one>, { inner: ReturnType<typeof one> }];
    for (const tensor of [first, inner, kept.view]) {
      expect([...(await on.read(tensor))]).toEqual([1, 2]);
      tensor.dispose();
    }
    expect(live()).toBe(before);
  });

  test('hands what an inner scope keeps to the outer one', () => {
    const before = live();
    on.scope(() => {
      const kept = on.scope(() => [one(), one()]);
      expect(live()).toBe(before + 2);
      return kept[0];
    }).dispose();
    expect(live()).toBe(before);
  });

  test('leaves tensors from outside alone, even when it returns or disposes of them', () => {
    const outside = one();
    const before = live();
    const same = on.scope(() => {
      add(outside, outside);
      return outside;
    });
    expect(same).toBe(outside);
    expect(live()).toBe(before);
    on.scope(() => one().dispose());
    expect(live()).toBe(before);
    outside.dispose();
    outside.dispose();
    expect(live()).toBe(before - 1);
  });

  test('frees everything when its body throws', () => {
    const before = live();
    const fail = () =>
      on.scope(() => {
        one();
        on.scope(() => one());
        throw new Error('from the body');
      });
    expect(fail).toThrow('from the body');
    expect(live()).toBe(before);
    // The scope is closed again: a tensor made now is nobody's.
    const later = one();
    expect(live()).toBe(before + 1);
    later.dispose();
  });

  test('refuses an asynchronous body, whose tensors it could not follow', () => {
    const before = live();
    expect(() => on.scope(async () => one())).toThrow('the body must be synchronous');
    expect(live()).toBe(before);
  });

  test('an arena frees its tensors together', () => {
    const before = live();
    const arena = new Arena();
    const kept = on.scope(() => arena.keep(one()));
    arena.keep(one());
    expect(kept.storage.freed).toBe(false);
    arena.free();
    expect(kept.storage.freed).toBe(true);
    expect(live()).toBe(before);
  });
});
