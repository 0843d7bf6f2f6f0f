import { expect, test } from 'vitest';
import { retriesThatSaw } from '../support/idleRetries.js';

test('a new attempt that sees as much of the past as the one before pruned nothing more', () => {
  expect(retriesThatSaw(144, 126).of(3)).toBe(0);
  expect(retriesThatSaw(144, 126, 126, 126).of(3)).toBe(2);
  expect(retriesThatSaw(48, 48).of(3)).toBe(1);
  expect(retriesThatSaw(48, 48).of(2)).toBe(0);
});
