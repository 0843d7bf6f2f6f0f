import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CacheHistory } from '../../src/trace/cacheHistory.js';
import { readTrace } from '../../src/trace/readTrace.js';
import { encodeTokens } from '../../src/trace/tokenSet.js';
import { BEGIN } from './madeTrace.js';

const frames = fc.uniqueArray(fc.nat(6), { maxLength: 4 });
const tokens = fc.uniqueArray(fc.nat(11), { maxLength: 6 });
const events = fc.array(
  fc.record({ came: frames, left: frames, lost: fc.array(fc.record({ frames, tokens }), { maxLength: 3 }) }),
);

test('every state is what came, less what left, without what was lost; none changes later', () => {
  fc.assert(
    fc.property(events, (all) => {
      const history = new CacheHistory();
      const plain = new Map<number, Set<number>>();
      const kept: (readonly [ReturnType<typeof shown>, CacheHistory['state']])[] = [];
      for (const { came, left, lost } of all) {
        const sent = lost.map((each) => ({ frames: each.frames, tokens: encodeTokens(each.tokens, 12) }));
        history.take({ kind: 'cache', at: 0, came, left, lost: sent }, 12);
        for (const frame of left) plain.delete(frame);
        for (const frame of came) plain.set(frame, new Set());
        for (const each of lost)
          for (const frame of each.frames) plain.set(frame, new Set([...(plain.get(frame) ?? []), ...each.tokens]));
        expect(shown(history.state)).toEqual(shown(plain));
        kept.push([shown(history.state), history.state]);
      }
      for (const [then, state] of kept) expect(shown(state)).toEqual(then);
    }),
  );
});

const shown = (state: ReadonlyMap<number, ReadonlySet<number>>) =>
  [...state].sort(([one], [other]) => one - other).map(([frame, lost]) => [frame, [...lost].sort((a, b) => a - b)]);

describe('a text of events takes memory and time with its length', () => {
  const begin = JSON.stringify({ ...BEGIN, video: { ...BEGIN.video, grid: { height: 1024, width: 1024 } } });
  const line = (event: object) => `${JSON.stringify({ at: 0, ...event })}\n`;
  const all = encodeTokens(
    Array.from({ length: 2 ** 20 }, (_, token) => token),
    2 ** 20,
  );
  const cache = (came: number[], lost: object[] = []) => line({ kind: 'cache', came, left: [], lost });
  const many = Array.from({ length: 20_000 }, (_, frame) => frame);
  const step = (block: number, attempt: number) =>
    line({ kind: 'step', block, attempt, step: 0, firstFrame: 0, timesteps: [1], seen: null, seconds: null });

  test.each<[string, () => string, RegExp | undefined]>([
    [
      'tokens of many frames',
      () =>
        cache(many.slice(0, 50)) +
        many
          .slice(0, 50)
          .map((frame) => cache([], [{ frames: [frame], tokens: all.slice(0, 2000) }]))
          .join(''),
      undefined,
    ],
    [
      'all tokens of one frame after the other',
      () =>
        many
          .slice(0, 20)
          .map((frame) => cache([], [{ frames: [frame], tokens: all }]))
          .join(''),
      /^lines? [\d, andmore]+ (?:is|are) damaged/,
    ],
    [
      'a large cache again and again',
      () => cache(many) + cache([]).repeat(5000),
      /^lines? [\d, andmore]+ (?:is|are) damaged/,
    ],
    ['many blocks', () => many.map((block) => step(block, 0)).join(''), /no end/],
    ['many attempts', () => many.map((attempt) => step(0, attempt)).join(''), /no end/],
  ])('%s', (_, made, problem) => {
    const text = `${begin}\n${made()}`;
    const start = process.cpuUsage();
    const read = readTrace(text);
    const { user } = process.cpuUsage(start);
    if (problem) expect(read.problem).toMatch(problem);
    expect(user / 1e6).toBeLessThan(5);
  });
});
