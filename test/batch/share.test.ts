import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseShare, shareOf } from '../../src/batch/share.js';

const counts = fc.integer({ min: 1, max: 12 });
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
/** What all shares of an environment together have, in the order of the list. */
const union = (environments: readonly Record<string, string>[], items: readonly number[]) =>
  environments
    .flatMap((environment) => shareOf(items, chooseShare(undefined, environment) ?? { index: 1, count: 1 }))
    .sort((left, right) => left - right);

const slurm = (first: number, step: number, count: number) =>
  numbers(count).map((place) => ({
    SLURM_ARRAY_TASK_ID: String(first + place * step),
    SLURM_ARRAY_TASK_MIN: String(first),
    SLURM_ARRAY_TASK_MAX: String(first + (count - 1) * step),
    SLURM_ARRAY_TASK_STEP: String(step),
    SLURM_ARRAY_TASK_COUNT: String(count),
  }));
const steps = (count: number) =>
  numbers(count).map((place) => ({ SLURM_PROCID: String(place), SLURM_STEP_NUM_TASKS: String(count) }));
const kubernetes = (count: number) =>
  numbers(count).map((place) => ({ JOB_COMPLETION_INDEX: String(place), TOKENTRIM_SHARDS: String(count) }));
const parallel = (count: number) =>
  numbers(count).map((place) => ({ PARALLEL_SEQ: String(place + 1), TOKENTRIM_SHARDS: String(count) }));

describe('the tasks of a scheduler have every item once', () => {
  test.each([
    ['a Slurm array', (count: number, first: number, step: number) => slurm(first, step, count)],
    ['the processes of a Slurm step', (count: number) => steps(count)],
    [
      'an array of steps',
      (count: number, first: number, step: number) =>
        slurm(first, step, count).flatMap((task) => steps(3).map((process) => ({ ...task, ...process }))),
    ],
    ['a Kubernetes indexed job', (count: number) => kubernetes(count)],
    ['GNU parallel', (count: number) => parallel(count)],
  ])('%s', (_, environments) => {
    fc.assert(
      fc.property(counts, fc.nat(100), fc.integer({ min: 1, max: 5 }), fc.nat(40), (count, first, step, items) => {
        expect(union(environments(count, first, step), numbers(items))).toEqual(numbers(items));
      }),
    );
  });
});

test('what is given wins, and what says nothing of shares is none', () => {
  const environment = { ...slurm(0, 1, 4)[2], ...kubernetes(8)[5] };
  expect(chooseShare({ index: 2, count: 3 }, environment)).toEqual({ index: 2, count: 3, why: '`shard`' });
  expect(chooseShare(undefined, {})).toBeUndefined();
  expect(chooseShare(undefined, { PARALLEL_SEQ: '3' })).toBeUndefined();
  expect(chooseShare(undefined, { JOB_COMPLETION_INDEX: '3' })).toBeUndefined();
  expect(chooseShare(undefined, { TOKENTRIM_SHARDS: '8' })).toBeUndefined();
  // A batch script has the number of its first process, and no step.
  expect(chooseShare(undefined, { SLURM_PROCID: '0', SLURM_NTASKS: '4' })).toBeUndefined();
});

test('it says why', () => {
  expect(chooseShare(undefined, slurm(10, 5, 4)[1])).toEqual({
    index: 2,
    count: 4,
    why: 'task 15 of the Slurm array 10-25:5',
  });
  expect(chooseShare(undefined, kubernetes(8)[5])?.why).toBe('JOB_COMPLETION_INDEX 5');
});

test('an environment that contradicts itself is refused', () => {
  const array = slurm(1, 1, 3)[1];
  expect(() => chooseShare(undefined, { ...array, SLURM_ARRAY_TASK_MAX: '7' })).toThrow('has gaps');
  expect(() => chooseShare(undefined, { ...array, SLURM_ARRAY_TASK_ID: 'x' })).toThrow(
    'SLURM_ARRAY_TASK_ID: expected a whole number, found "x"',
  );
  expect(() => chooseShare(undefined, { JOB_COMPLETION_INDEX: '8', TOKENTRIM_SHARDS: '8' })).toThrow(
    'JOB_COMPLETION_INDEX 8 is none of 8: say which share this process has, with `shard`',
  );
});
