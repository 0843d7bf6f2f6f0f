import { expect, test } from 'vitest';
import { blockNote, blockTable, closingLine } from '../../src/cli/report.js';
import type { BlockRow, Report } from '../../src/cli/reportSchema.js';
import { TRIM_DEFAULTS } from '../../src/tokentrim/trimOptions.js';
import { retriesThatSaw } from '../support/idleRetries.js';

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
  expect(blockTable(blocks, TRIM_DEFAULTS, retriesThatSaw(...rows))).toContain(`12.00  ${words}\n`);
});

/** A report of a run that a policy was asked in, of so many blocks, some of which were made again. */
function reportOf(trim: unknown, ...again: readonly number[]): Report {
  const blocks = Array.from({ length: 7 }, (_, index) => ({ index, triggered: again.includes(index) }));
  const made = { out: 'a.mp4', frames: 81, width: 832, height: 480, seconds: 1, adapter: 'a card', seed: 7 };
  return { ...made, preset: 'self-forcing', blocks, settings: { latentsOnly: false, trim } } as unknown as Report;
}

test.each([
  ['tokentrim', 'TokenTrim'],
  ['adaptive', 'adaptive pruning'],
  ['placebo', 'the control placebo'],
  ['regenerate', 'the control regenerate'],
])('the closing line of %s names what intervened', (policy, name) => {
  const trim = { ...TRIM_DEFAULTS, policy };
  const made = 'a.mp4: 81 frames of 832x480 in 1.0 s on a card, seed 7; ';
  expect(closingLine(reportOf(trim, 3))).toBe(`${made}${name} intervened in block 3\n`);
  expect(closingLine(reportOf(trim, 3, 5))).toBe(`${made}${name} intervened in blocks 3, 5\n`);
  expect(closingLine(reportOf(trim))).toBe(`${made}no block was generated again\n`);
});

test('the progress bar claims no pruning', () => {
  const row = { severity: 15, threshold: 12, triggered: true, severityAfter: 11 } as BlockRow;
  expect(blockNote(row)).toBe('severity 15.00 > 12.00, generated again: 11.00');
  expect(blockNote({ ...row, triggered: false })).toBe('severity 15.00');
});
