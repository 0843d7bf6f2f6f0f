import { expect, test } from 'vitest';
import { DeviceErrors } from '../../../src/tensor/gpu/deviceErrors.js';

test('what was noted is thrown once, the cause first', () => {
  const errors = new DeviceErrors();
  expect(() => errors.throwAny('a card')).not.toThrow();
  errors.note('a bind group is invalid');
  errors.note('kernel rope does not compile', true);
  expect(() => errors.throwAny('a card')).toThrow('a card: kernel rope does not compile (and 1 more errors)');
  expect(() => errors.throwAny('a card')).not.toThrow();
});

test('a message that names the device is not named again', () => {
  const errors = new DeviceErrors();
  errors.note('a card stopped responding');
  expect(() => errors.throwAny('a card')).toThrow(/^a card stopped responding$/);
});
