import { expect, test } from 'vitest';
import { formatChoices } from '../../src/cli/formatChoices.js';

test('the table of measured kernels: times of all forms, the one in use, and its speed', () => {
  const linear = { kernel: 'linear', type: 'bf16', size: 'more rows' } as const;
  const norm = { kernel: 'layerNorm', type: 'f32', size: 'any' } as const;
  const table = formatChoices({
    one: { ...linear, form: 'tiled', milliseconds: { plain: 1234.5, tiled: 2.5, matrix: null }, operations: 5e9 },
    two: { ...norm, form: 'plain', milliseconds: { plain: 0.12345 } },
  });
  expect(table.split('\n').slice(2)).toEqual([
    '  kernel     types  size       used   plain  tiled  matrix         speed',
    '  linear     bf16   more rows  tiled   1235   2.50  failed  2000 GFLOP/s',
    '  layerNorm  f32    any        plain  0.123      -       -',
    '',
  ]);
});

test('where nothing was measured it says how to', () => {
  expect(formatChoices({})).toContain('doctor --measure');
});
