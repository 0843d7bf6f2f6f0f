import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumbersMap } from '../../../src/tensor/gpu/numbersMap.js';

// Few values, so that keys repeat; fractions and a power of two past 32 bits, which the hash does not tell apart.
const keys = fc.array(fc.constantFrom(0, 1, 2, -1, 0.25, 0.5, 2 ** 32, 2 ** 33), { maxLength: 3 });
const steps = fc.array(fc.tuple(fc.constantFrom('set', 'delete', 'clear', 'set', 'set'), keys, fc.nat()), {
  maxLength: 60,
});

test('is a map by what the keys hold', () => {
  fc.assert(
    fc.property(steps, (program) => {
      const map = new NumbersMap<number>();
      const twin = new Map<string, number>();
      for (const [step, key, value] of program) {
        if (step === 'clear') {
          map.clear();
          twin.clear();
        } else if (step === 'delete') {
          map.delete(key);
          twin.delete(key.join());
        } else {
          map.set(key, value);
          twin.set(key.join(), value);
        }
        expect(map.size).toBe(twin.size);
        for (const [, other] of program) expect(map.get(other)).toBe(twin.get(other.join()));
      }
    }),
  );
});
