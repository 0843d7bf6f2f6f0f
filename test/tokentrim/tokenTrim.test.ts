import { describe, expect, test } from 'vitest';
import { acceptAll } from '../../src/tokentrim/policy.js';
import { TOKENTRIM_DEFAULTS, type TokenTrimOptions, tokenTrim } from '../../src/tokentrim/tokenTrim.js';
import { latents, patch, play, TOKENS, withSeverities } from './script.js';

describe('the decision of a block', () => {
  test('block 0 has no predecessor: accepted with no numbers', async () => {
    const { decisions, answers } = await play(tokenTrim(patch), [Array<number>(TOKENS).fill(1)]);
    expect(answers).toEqual([[]]);
    expect(decisions[0]).toEqual({
      block: 0,
      severity: null,
      mean: null,
      std: null,
      threshold: null,
      triggered: false,
      unstable: null,
      severityAfter: null,
      attempts: 1,
      drift: null,
      reviews: [],
    });
    expect(decisions[0]).toEqual(await acceptAll.accept(0, latents(Array<number>(TOKENS).fill(1))));
  });

  test('block 1 has a severity, but no statistics yet', async () => {
    const { decisions } = await play(tokenTrim(patch), withSeverities([6]));
    expect(decisions[1]).toMatchObject({ block: 1, severity: 6, mean: null, std: null, threshold: null });
    expect(decisions[1].unstable).toEqual([0]); // ceil(0.1 * 10) of equal drifts: the smallest index
    expect(decisions[1].drift).toEqual(Array<number>(TOKENS).fill(6));
  });

  test('statistics are those of the blocks before it', async () => {
    const { decisions } = await play(tokenTrim(patch), withSeverities([2, 4, 3, 5]));
    expect(decisions.map(({ severity }) => severity)).toEqual([null, 2, 4, 3, 5]);
    expect(decisions.map(({ mean }) => mean)).toEqual([null, null, 2, 3, 3]);
    expect(decisions[2]).toMatchObject({ std: 0, threshold: 2 });
    expect(decisions[3]).toMatchObject({ std: 1, threshold: 5 });
    expect(decisions[4].std).toBeCloseTo(Math.sqrt(2 / 3), 12); // population: divided by 3, not by 2
    expect(decisions[4].threshold).toBeCloseTo(3 + 2 * Math.sqrt(2 / 3), 12);
  });

  test('the unstable tokens are those that moved most, whichever way', async () => {
    const policy = tokenTrim(patch, { fraction: 0.25 });
    const distances = [1, 9, 2, 0, 8, 3, 1, 8, 0, 2];
    const { decisions } = await play(policy, [
      Array<number>(TOKENS).fill(0),
      distances.map((distance, token) => (token % 2 === 0 ? distance : -distance) / 2),
    ]);
    expect(decisions[1].drift).toEqual(distances);
    expect(decisions[1].unstable).toEqual([1, 4, 7]); // ceil(0.25 * 10) = 3
    expect(decisions[1].severity).toBeCloseTo((9 + 8 + 8) / 3, 12);
  });

  test('a token is its mean over the frames: motion inside a block does not count', async () => {
    const policy = tokenTrim(patch);
    const values = Array.from({ length: TOKENS }, (_, token) => token);
    await policy.accept(0, latents(values));
    await policy.review(1, latents(values, 5));
    const { severity } = await policy.accept(1, latents(values, 5));
    expect(severity).toBeCloseTo(0, 12);
  });
});

describe('the trigger', () => {
  const steady = [4, 6, 5];

  test('blocks of the warm-up only feed the statistics', async () => {
    for (const warmup of [1, 2, 3, 5]) {
      const severities = Array.from({ length: 7 }, (_, index) => 10 ** index); // every one abnormal
      const { answers } = await play(tokenTrim(patch, { warmup, sensitivity: 0 }), withSeverities(severities));
      expect(answers.map((tokens) => tokens.length > 0)).toEqual(answers.map((_, block) => block > warmup));
    }
  });

  test('a severity above mean + sensitivity * deviation asks for its unstable tokens to be pruned', async () => {
    const threshold = 5 + 2 * Math.sqrt(2 / 3);
    const above = await play(tokenTrim(patch), withSeverities([...steady, threshold + 0.01]));
    expect(above.answers.at(-1)).toEqual([0]);
    const below = await play(tokenTrim(patch), withSeverities([...steady, threshold - 0.01]));
    expect(below.answers.at(-1)).toEqual([]);
  });

  test('equality accepts', async () => {
    // 2 and 4 have mean 3 and deviation 1: the threshold at sensitivity 2 is exactly 5.
    const equal = await play(tokenTrim(patch), withSeverities([2, 4, 5]));
    expect(equal.decisions[3]).toMatchObject({ severity: 5, threshold: 5 });
    expect(equal.answers[3]).toEqual([]);
    const constant = await play(tokenTrim(patch, { sensitivity: 0 }), withSeverities([0.7, 0.7, 0.7, 0.7, 0.7]));
    expect(constant.answers.flat()).toEqual([]);
  });

  test('a sensitivity of 0 asks whether the severity is above the mean', async () => {
    const { answers } = await play(tokenTrim(patch, { sensitivity: 0 }), withSeverities([2, 4, 3.5, 2]));
    expect(answers.map((tokens) => tokens.length)).toEqual([0, 0, 0, 1, 0]);
  });
});

test('block 1 may be left out of the statistics: the warm-up is then one block longer', async () => {
  const severities = [60, 2, 4, 5.5, 3];
  const skipping = await play(tokenTrim(patch, { skipFirst: true }), withSeverities(severities));
  expect(skipping.decisions.map(({ severity }) => severity)).toEqual([null, ...severities]); // it is measured all the same
  expect(skipping.decisions.map(({ mean }) => mean)).toEqual([null, null, null, 2, 3, 11.5 / 3]);
  expect(skipping.decisions[4]).toMatchObject({ std: 1, threshold: 5, severity: 5.5 });
  expect(skipping.answers).toEqual([[], [], [], [], [0], []]);
  const counting = await play(tokenTrim(patch), withSeverities(severities));
  expect(counting.decisions[4].threshold).toBeGreaterThan(60); // block 1 makes it deaf
  const early = await play(tokenTrim(patch, { skipFirst: true, warmup: 0, sensitivity: 0 }), withSeverities([1, 2, 3]));
  expect(early.answers).toEqual([[], [], [], [0]]);
});

describe('parameters', () => {
  test("the defaults are the paper's", () => {
    expect(TOKENTRIM_DEFAULTS).toEqual({
      fraction: 0.1,
      sensitivity: 2,
      warmup: 2,
      maxRegenerations: 1,
      check: 'final',
      skipFirst: false,
    });
  });

  test.each<[Partial<TokenTrimOptions>, string]>([
    [{ fraction: 0 }, 'the pruned fraction must be above 0 and at most 1, found 0'],
    [{ fraction: 1.1 }, 'the pruned fraction must be above 0 and at most 1, found 1.1'],
    [{ fraction: Number.NaN }, 'the pruned fraction must be above 0 and at most 1, found NaN'],
    [{ sensitivity: -1 }, 'the sensitivity must not be negative, found -1'],
    [{ warmup: 1.5 }, 'the warm-up must be a whole number of blocks, found 1.5'],
    [{ maxRegenerations: -1 }, 'the number of attempts must be a whole number, found -1'],
  ])('%o is refused', (options, message) => {
    expect(() => tokenTrim(patch, options)).toThrow(`TokenTrim: ${message}`);
  });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'a block with a token of %d is an error, in the warm-up too',
  async (value) => {
    const policy = tokenTrim(patch);
    await policy.accept(0, latents(Array<number>(TOKENS).fill(0)));
    const broken = Array<number>(TOKENS).fill(1);
    broken[7] = value;
    await expect(policy.review(1, latents(broken))).rejects.toThrow('Block 1 is not made of numbers');
    policy.dispose();
  },
);
