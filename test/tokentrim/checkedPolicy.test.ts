import { expect, test } from 'vitest';
import { checkedPolicy } from '../../src/tokentrim/checkedPolicy.js';
import { acceptAll, type Decision, decision, type Policy } from '../../src/tokentrim/policy.js';
import { tokenTrim } from '../../src/tokentrim/tokenTrim.js';
import { latents, patch, play, TOKENS, withSeverities } from './script.js';

const shown = latents(Array<number>(TOKENS).fill(0));
const answering = (answer: unknown): Policy => ({ ...acceptAll, review: async () => answer as number[] });

test.each<[unknown, string]>([
  [[TOKENS], 'found 10 at [0]'],
  [[0, -1], 'found -1 at [1]'],
  [[1.5], 'found 1.5 at [0]'],
  [[Number.NaN], 'found NaN at [0]'],
  [[3, 4, 3], 'found 3 twice, again at [2]'],
  [[undefined], 'found nothing at [0]'],
  [['3'], 'found "3" at [0]'],
  [undefined, 'found nothing'],
  [false, 'found false'],
  ['3', 'found "3"'],
  [new Set([3]), 'found an object (Set)'],
  [Uint32Array.of(3), 'found an object (Uint32Array)'],
])('the answer %o is refused', async (answer, found) => {
  await expect(checkedPolicy(answering(answer), TOKENS).review(7, shown)).rejects.toThrow(
    "the policy's answer to the review of block 7 must be an array of token indices, whole numbers from 0 to 9, each once, " +
      found,
  );
});

test('every set of tokens is passed on as it is, in any order, at once or later', async () => {
  for (const answer of [[], [0], [9, 0, 4], Array.from({ length: TOKENS }, (_, token) => token)]) {
    expect(await checkedPolicy(answering(answer), TOKENS).review(0, shown)).toEqual(answer);
  }
  const atOnce = { ...acceptAll, review: () => [2] } as unknown as Policy;
  expect(await checkedPolicy(atOnce, TOKENS).review(0, shown)).toEqual([2]);
});

test('another attempt may be asked for with nothing pruned, and counts as one', async () => {
  const policy = checkedPolicy({ ...answering('again'), maxAttempts: 2 }, TOKENS);
  expect(await policy.review(0, shown)).toBe('again');
  await expect(policy.review(0, shown)).rejects.toThrow('have block 0 generated again after 2 attempts');
  await expect(checkedPolicy(answering('Again'), TOKENS).review(0, shown)).rejects.toThrow(
    'must be an array of token indices, whole numbers from 0 to 9, each once, found "Again"; ' +
      '"again" has it generated again with none pruned',
  );
});

test('a policy that never lets go of a block is stopped, at 16 attempts or at its own most', async () => {
  for (const [maxAttempts, most] of [
    [undefined, 16],
    [1, 1],
    [40, 40],
  ] as const) {
    const policy = checkedPolicy({ ...answering([3]), maxAttempts }, TOKENS);
    for (let attempt = 1; attempt < most; attempt++) expect(await policy.review(0, shown)).toEqual([3]);
    await policy.accept(0, shown); // here the count begins again
    for (let attempt = 1; attempt < most; attempt++) expect(await policy.review(1, shown)).toEqual([3]);
    await expect(policy.review(1, shown)).rejects.toThrow(
      `the policy would have block 1 generated again after ${most} attempts, and ` +
        (maxAttempts === undefined ? '16 is the most where it has no maxAttempts' : `its maxAttempts is ${most}`),
    );
  }
});

test('TokenTrim says how often it may, and is never stopped', async () => {
  expect(tokenTrim(patch).maxAttempts).toBe(2);
  const often = tokenTrim(patch, { maxRegenerations: 30, sensitivity: 0, warmup: 1 });
  const policy = checkedPolicy(often, TOKENS);
  await play(policy, withSeverities([1, 1]));
  const far = latents(Array<number>(TOKENS).fill(50));
  for (let attempt = 0; attempt < 30; attempt++) expect(await policy.review(3, far)).toHaveLength(1);
  expect(await policy.review(3, far)).toEqual([]);
  expect((await policy.accept(3, far)).attempts).toBe(31);
});

test.each<[unknown, string]>([
  [undefined, 'found nothing'],
  [7, 'found 7'],
  [{ block: 1, attempts: 1 }, 'found one without severity, mean'],
])('the decision %o is refused', async (made, found) => {
  const policy = { ...acceptAll, accept: async () => made } as unknown as Policy;
  await expect(checkedPolicy(policy, TOKENS).accept(1, shown)).rejects.toThrow(
    `the policy's answer to the acceptance of block 1 must be a decision, ${found}`,
  );
});

test.each<[object, string]>([
  [{ block: 5 }, "`block` of the policy's decision on block 1 must be 1, found 5"],
  [{ severity: '3' }, '`severity` of the policy\'s decision on block 1 must be a finite number or null, found "3"'],
  [{ threshold: Number.NaN }, 'must be a finite number or null, found NaN'],
  [{ mean: Number.POSITIVE_INFINITY }, 'must be a finite number or null, found Infinity'],
  [{ attempts: 0 }, 'must be a whole number of 1 or more, found 0'],
  [{ triggered: 1 }, 'must be true or false, found 1'],
  [
    { unstable: [-1] },
    "`unstable[0]` of the policy's decision on block 1 must be a whole number of 0 or more, found -1",
  ],
  [{ drift: 'far' }, 'must be an array of numbers, found "far"'],
  [{ reviews: [{ severity: 1, drift: [1] }] }, "`reviews[0].unstable` of the policy's decision on block 1 must be"],
])('a decision with %o is refused', async (wrong, message) => {
  const policy = { ...acceptAll, accept: async () => ({ ...decision({ block: 1 }), ...wrong }) as Decision };
  await expect(checkedPolicy(policy, TOKENS).accept(1, shown)).rejects.toThrow(message);
});

test.each<[unknown, string]>([
  [undefined, 'a policy must be an object with check, review, accept and dispose, found nothing'],
  [() => [], 'a policy must be an object with check, review, accept and dispose, found a function'],
  [{ ...acceptAll, check: 'last' }, '`check` of the policy must be one of final, first-step, found "last"'],
  [{ ...acceptAll, review: undefined }, '`review` of the policy must be a function, found nothing'],
  [{ check: 'final', review: async () => [] }, '`accept` of the policy must be a function, found nothing'],
  [{ ...acceptAll, maxAttempts: 0 }, '`maxAttempts` of the policy must be a whole number of 1 or more, found 0'],
])('%o is no policy', (policy, message) => {
  expect(() => checkedPolicy(policy as Policy, TOKENS)).toThrow(message);
});

test('an instance of a class is one, with all that it has besides', async () => {
  class Counting implements Policy {
    readonly check = 'first-step';
    reviewed = 0;
    disposed = false;
    async review() {
      this.reviewed++;
      return [];
    }
    accept(block: number) {
      return acceptAll.accept(block, shown);
    }
    dispose() {
      this.disposed = true;
    }
  }
  const counting = new Counting();
  const policy = checkedPolicy(counting, TOKENS);
  await policy.review(0, shown);
  policy.dispose();
  expect([policy.check, counting.reviewed, counting.disposed]).toEqual(['first-step', 1, true]);
});

test('a decision is made of what is known', async () => {
  expect(decision({ block: 2 })).toEqual(await acceptAll.accept(2, shown));
  expect(decision({ block: 2, attempts: 3, unstable: [1] })).toMatchObject({
    ...{ block: 2, attempts: 3, triggered: true, unstable: [1], severity: null, reviews: [] },
  });
  expect(decision({ block: 2, attempts: 3, triggered: false }).triggered).toBe(false);
});

test('a misspelt name of a decision is refused', () => {
  const misspelt = { block: 2, sevrity: 3 };
  expect(() => decision(misspelt)).toThrow('unknown option `sevrity` in decision: did you mean `severity`?');
});
