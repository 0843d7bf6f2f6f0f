import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COLUMNS, scores, table } from '../../scripts/vbench-table.mjs';
import { root } from '../docs/documents.js';

test("the paper's rows come to the totals that were worked out from them elsewhere", () => {
  // As computed by hand from the printed rows, to two digits.
  const totals = [79.44, 81.21, 78.34, 78.75, 79.27, 78.06, 79.73, 63.89, 79.27];
  expect(COLUMNS.map((_, column) => Number(scores(column).total.toFixed(2)))).toEqual(totals);
  expect(scores(COLUMNS.indexOf('Self Forcing')).quality.toFixed(2)).toBe('80.88');
});

test('the table that is kept is the one that the script prints', () => {
  expect(readFileSync(join(root, 'docs/results/vbench-table.md'), 'utf8')).toBe(table());
});
