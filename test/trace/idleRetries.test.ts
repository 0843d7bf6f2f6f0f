import { expect, test } from 'vitest';
import type { GenerateEvent } from '../../src/pipelines/stages.js';
import { IdleRetries } from '../../src/trace/idleRetries.js';

/** Calls of attempts at block 3, which saw so many rows. */
function callsOf(...rows: readonly number[]): IdleRetries {
  const idle = new IdleRetries();
  for (const [attempt, count] of rows.entries())
    for (let call = 0; call < 2; call++)
      idle.add({ kind: 'step', block: 3, attempt, seen: { frames: [0], rows: count } } as unknown as GenerateEvent);
  return idle;
}

test('a new attempt that sees as much of the past as the one before pruned nothing more', () => {
  expect(callsOf(144, 126).of(3)).toBe(0);
  expect(callsOf(144, 126, 126, 126).of(3)).toBe(2);
  expect(callsOf(48, 48).of(3)).toBe(1);
  expect(callsOf(48, 48).of(2)).toBe(0);
});
