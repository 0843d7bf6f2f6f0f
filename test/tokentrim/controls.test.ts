import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placebo, regenerate } from '../../src/tokentrim/controls.js';
import { type Answer, acceptAll, type MeasuredReview, type Policy } from '../../src/tokentrim/policy.js';
import { tokenTrim } from '../../src/tokentrim/tokenTrim.js';
import { trimPolicy } from '../../src/tokentrim/trimPolicy.js';
import { latents, patch, play, TOKENS, withSeverities } from './script.js';

/** Answers with `count` tokens of `tokens`, block after block. */
function naming(count: number, tokens: number): Policy {
  const latest = { drift: Array<number>(tokens).fill(0) } as unknown as MeasuredReview;
  return { ...acceptAll, latest, review: async () => Array.from({ length: count }, (_, token) => token) };
}

const shown = latents(Array<number>(TOKENS).fill(0));
const SEVERITIES = [4, 6, 5, 9, 5, 20, 4, 4, 50];
const eager = { sensitivity: 0.5, fraction: 0.3 };

describe('placebo', () => {
  test('asks when TokenTrim does, for as many tokens, and decides the same', async () => {
    const real = await play(tokenTrim(patch, eager), withSeverities(SEVERITIES));
    const drawn = await play(placebo(tokenTrim(patch, eager), 7), withSeverities(SEVERITIES));
    expect(drawn.answers.map((answer) => answer.length)).toEqual(real.answers.map((answer) => answer.length));
    expect(real.answers.filter((answer) => answer.length > 0).length).toBeGreaterThan(2);
    expect(drawn.decisions).toEqual(real.decisions);
    expect(drawn.answers).not.toEqual(real.answers);
  });

  test('draws the same of the same seed, block and attempt, and of others others', async () => {
    const sets = async (seed: number | string) => {
      const policy = placebo(naming(5, 60), seed);
      const answers: Answer[] = [];
      for (const block of [1, 1, 2]) {
        if (block === 2) await policy.review(1, shown);
        answers.push(await policy.review(block, shown));
      }
      return answers;
    };
    const first = await sets(3);
    expect(await sets('3')).toEqual(first);
    const all = [...first, ...(await sets(4)), ...(await sets('own'))].map((set) => String(set));
    expect(new Set(all).size).toBe(9);
  });

  test('every set is one of tokens of the frame, each once, ascending', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), async (tokens, count, seed) => {
        const most = (count % tokens) + 1;
        const set = (await placebo(naming(most, tokens), seed).review(1, shown)) as readonly number[];
        expect(set).toHaveLength(most);
        expect([...new Set(set)].sort((left, right) => left - right)).toEqual(set);
        expect(set.every((token) => Number.isInteger(token) && token >= 0 && token < tokens)).toBe(true);
      }),
    ));

  test('every token is drawn as often', async () => {
    const counts = Array<number>(TOKENS).fill(0);
    const runs = 2000;
    for (let seed = 0; seed < runs; seed++) {
      for (const token of (await placebo(naming(3, TOKENS), seed).review(5, shown)) as number[]) counts[token]++;
    }
    // Binomial(2000, 0.3): mean 600, deviation 20.5; of ten tokens one beyond four deviations is 1 of 1600.
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(82);
  });
});

describe('regenerate', () => {
  test('asks when TokenTrim does, and prunes nothing', async () => {
    const real = await play(tokenTrim(patch, eager), withSeverities(SEVERITIES));
    const again = await play(regenerate(tokenTrim(patch, eager)), withSeverities(SEVERITIES));
    expect(again.answers).toEqual(real.answers.map((answer) => (answer.length > 0 ? 'again' : [])));
    expect(again.decisions).toEqual(real.decisions);
  });
});

test('options name the policy', async () => {
  const answersOf = async (policy: Policy) => (await play(policy, withSeverities(SEVERITIES))).answers;
  const real = await answersOf(tokenTrim(patch, eager));
  expect(await answersOf(trimPolicy(patch, eager))).toEqual(real);
  expect(await answersOf(trimPolicy(patch, { ...eager, policy: 'placebo' }, 7))).toEqual(
    await answersOf(placebo(tokenTrim(patch, eager), 7)),
  );
  expect(await answersOf(trimPolicy(patch, { ...eager, policy: 'regenerate' }))).toContain('again');
  const policy = trimPolicy(patch, { policy: 'placebo', check: 'first-step', maxRegenerations: 3 });
  expect([policy.check, policy.maxAttempts]).toEqual(['first-step', 4]);
  expect(() => trimPolicy(patch, { policy: 'random' as 'placebo' })).toThrow(
    '`policy` of trimPolicy must be one of tokentrim, adaptive, placebo, regenerate, found "random"',
  );
});
