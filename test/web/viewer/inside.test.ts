import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttentionEvent } from '../../../src/trace/format.js';
import {
  attentionRows,
  attentionsOf,
  attentionWords,
  tapsOf,
  tokenNorms,
  vectorWords,
  watchedTokens,
} from '../../../web/viewer/logic/inside.js';
import { runOf } from './support.js';

const event: AttentionEvent = {
  ...{ kind: 'attention', at: 1, block: 1, attempt: 0, step: 3, frames: [3, 4], layers: [0, 5], tokens: [7, 2] },
  ...{ keys: [1, 2, 0, 3, 4, 5], cached: 3, shares: { file: 'attention/a.safetensors', name: 'shares' } },
};
const COUNT = 2 * 2 * 2 * 6;

test('a token’s shares, frame by frame in the order of the video, a mean over the block’s frames', () => {
  const shares = Array.from({ length: COUNT }, () => 0);
  const place = (layer: number, token: number, frame: number, key: number) =>
    ((layer * 2 + token) * 2 + frame) * 6 + key;
  shares[place(1, 1, 0, 2)] = 0.5; // layer 5, token 2, its first frame, to frame 0
  shares[place(1, 1, 0, 3)] = 0.5;
  shares[place(1, 1, 1, 5)] = 1; // its second frame, to a later block's frame 5
  const rows = attentionRows(event, shares, 2);
  expect(rows.map(({ layer }) => layer)).toEqual([0, 5]);
  expect(rows[1].shares.map(({ frame, kind, share }) => [frame, kind, share])).toEqual([
    [0, 'cached', 0.25],
    [1, 'cached', 0],
    [2, 'cached', 0],
    [3, 'own', 0.25],
    [4, 'own', 0],
    [5, 'ahead', 0.5],
  ]);
  expect(attentionWords(rows[1])).toBe('25 % to the cache, 25 % to its own block, 50 % to later blocks of the call');
  expect(attentionRows(event, shares, 3)).toEqual([]);
});

test('rows that come to 1 still do', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: COUNT, maxLength: COUNT }),
      (values) => {
        const shares = values.map((value, index) => {
          const row = index - (index % 6);
          return value / values.slice(row, row + 6).reduce((sum, each) => sum + each, 0);
        });
        for (const { shares: row } of attentionRows(event, shares, 7))
          expect(row.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 10);
      },
    ),
  );
});

test('lengths and values of vectors', () => {
  const tap = { shape: [2, 2, 2], values: Float32Array.of(3, 4, 0, 0, 0, 1, 5, 12) };
  expect([...tokenNorms(tap)]).toEqual([3, 6.5]);
  expect(vectorWords(tap, [6, 7], 1)).toEqual([
    'frame 6: 2 values from 0.00 to 0.00, mean 0.00; 0.00, 0.00',
    'frame 7: 2 values from 5.00 to 12.00, mean 8.50; 5.00, 12.00',
  ]);
});

test('what is told twice is shown once, as it was told last', () => {
  const [block] = runOf({ inside: [3, 9], blocks: 2 }).facts;
  const [attempt] = block.traced.attempts;
  const again = { ...attempt, attentions: [...attempt.attentions, { ...attempt.attentions[0], at: 99 }] };
  expect(attentionsOf(again).map(({ at }) => at)).toEqual([99]);
  expect(tapsOf(attempt).map(({ name }) => name)).toEqual(['block5.ffn']);
  expect(watchedTokens(attentionsOf(attempt))).toEqual([3, 9]);
  expect(attentionsOf(undefined)).toEqual([]);
});
