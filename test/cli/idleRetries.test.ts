import { expect, test } from 'vitest';
import { IdleRetries } from '../../src/cli/idleRetries.js';
import { blockTable } from '../../src/cli/report.js';
import type { BlockRow } from '../../src/cli/reportSchema.js';
import type { GenerateEvent } from '../../src/pipelines/stages.js';
import { TRIM_DEFAULTS } from '../../src/tokentrim/trimOptions.js';

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

test.each([
  [[144, 126], 'pruned 2 tokens a frame and generated again: severity 11.00'],
  [
    [144, 126, 126],
    'pruned 2 tokens a frame and generated again 2 times, 1 of them with nothing left to prune: severity 11.00',
  ],
  [[48, 48], 'generated again, with nothing left to prune: severity 11.00'],
])('what is said of attempts that saw %j rows', (rows, words) => {
  const row = { index: 3, severity: 15, threshold: 12, triggered: true, unstable: [1, 2], severityAfter: 11 };
  const blocks = [{ ...row, attempts: rows.length } as BlockRow];
  expect(blockTable(blocks, TRIM_DEFAULTS, callsOf(...rows))).toContain(`12.00  ${words}\n`);
});
