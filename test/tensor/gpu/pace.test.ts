import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DISPATCH_SECONDS, FIRST_GUESS, Pace, type Work } from '../../../src/tensor/gpu/pace.js';
import { Submission } from '../../../src/tensor/gpu/submission.js';
import { SubmissionCount } from '../../../src/tensor/gpu/submissionCount.js';
import { SubmissionTimes } from '../../../src/tensor/gpu/submissionTimes.js';

/** A driver ends what takes longer than this on the strictest system with a desktop: Windows. */
const WATCHDOG_SECONDS = 2;

/** Kernels of an adapter, each with its own speed in operations a second, from that of a Raspberry Pi to that of an H100. */
const adapters = fc.dictionary(
  fc.constantFrom('attention', 'linear', 'conv2d', 'add'),
  fc.double({ min: Math.log(4e9), max: Math.log(4e14), noNaN: true }).map(Math.exp),
  { minKeys: 1 },
);

/** Launches of a call at 832x480: from a bias to the attention of a whole window. */
const launches = fc.array(fc.tuple(fc.nat(3), fc.double({ min: 0, max: Math.log(1e12), noNaN: true }).map(Math.exp)), {
  minLength: 1,
  maxLength: 40,
});

/** What an adapter is handed and how long it works, call after call, with its overhead a launch. */
function longest(speeds: Record<string, number>, call: readonly [number, number][], calls: number) {
  const pace = new Pace();
  const names = Object.keys(speeds);
  const truth = (name: string, operations: number) => 2e-5 + operations / speeds[name];
  const worst = { first: 0, dispatch: 0, submission: 0 };
  for (let time = 0; time < calls; time++) {
    let submission = new Submission(pace);
    const handOver = () => {
      const { work } = submission;
      const seconds = [...work].reduce((sum, [name, { operations, launches: count }]) => {
        return sum + count * 2e-5 + operations / speeds[name];
      }, 0);
      if (work.size > 0) pace.note(work, seconds);
      worst.submission = Math.max(worst.submission, seconds);
      submission = new Submission(pace);
    };
    for (const [index, operations] of call) {
      const name = names[index % names.length];
      const pieces = pace.pieces(name, operations);
      for (let piece = 0; piece < Math.min(pieces, 50); piece++) {
        if (submission.isFullFor(name, operations / pieces)) handOver();
        submission.add(name, operations / pieces);
        const seconds = truth(name, operations / pieces);
        worst.first = Math.max(worst.first, seconds);
        if (time === calls - 1) worst.dispatch = Math.max(worst.dispatch, seconds);
      }
    }
    handOver();
  }
  return { pace, names, ...worst };
}

describe('Pace', () => {
  test('no dispatch comes near a watchdog, not even the first, and submissions do not', () => {
    fc.assert(
      fc.property(adapters, launches, (speeds, call) => {
        const { first, submission } = longest(speeds, call, 6);
        expect(first).toBeLessThan(WATCHDOG_SECONDS);
        expect(submission).toBeLessThan(WATCHDOG_SECONDS);
      }),
    );
  });

  test('finds the speed of a kernel from what calls take', () => {
    fc.assert(
      fc.property(fc.double({ min: Math.log(4e9), max: Math.log(4e14), noNaN: true }).map(Math.exp), (speed) => {
        const { pace } = longest({ attention: speed }, [[0, 9.42e11]], 12);
        expect(pace.seconds('attention', 1e12) / (1e12 / speed)).toBeGreaterThan(0.8);
        expect(pace.seconds('attention', 1e12) / (1e12 / speed)).toBeLessThan(1.5);
      }),
    );
  });

  test('one call of many kernels is enough to find none slower than all of them together', () => {
    const pace = new Pace();
    const work = new Map(['linear', 'attention', 'cast'].map((name) => [name, { operations: 1e13, launches: 100 }]));
    pace.note(work, 0.5);
    for (const name of work.keys()) expect(pace.seconds(name, 1e13)).toBeLessThan(0.51);
  });

  test('a launch whose overhead is all that it takes says nothing of how fast its kernel is', () => {
    const pace = new Pace();
    const before = pace.seconds('add', 1e9);
    for (let time = 0; time < 100; time++) pace.note(new Map([['add', { operations: 1e3, launches: 1000 }]]), 0.1);
    expect(pace.seconds('add', 1e9) / before).toBeLessThan(1.1);
  });

  test('an adapter that others keep busy is not cut smaller and smaller', () => {
    const pace = new Pace(FIRST_GUESS, FIRST_GUESS / 2);
    const before = pace.pieces('linear', 1e11);
    for (let call = 0; call < 20; call++) pace.note(new Map([['linear', { operations: 1e9, launches: 1 }]]), 60);
    expect(pace.pieces('linear', 1e11)).toBe(2 * before);
  });

  test('cuts a launch into a power of two pieces, each within its time', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e15, noNaN: true }), (operations) => {
        const pieces = new Pace().pieces('linear', operations);
        expect(Math.log2(pieces) % 1).toBe(0);
        expect(operations / pieces / FIRST_GUESS).toBeLessThanOrEqual(DISPATCH_SECONDS);
        if (pieces > 1) expect(operations / pieces / FIRST_GUESS).toBeGreaterThan(DISPATCH_SECONDS / 2 / 1.001);
      }),
    );
  });
});

describe('SubmissionTimes', () => {
  /** A queue whose submissions end when they are told to, and a clock. */
  function fake() {
    const state = { time: 0, ends: [] as (() => void)[] };
    const queue = { onSubmittedWorkDone: () => new Promise<undefined>((end) => state.ends.push(() => end(undefined))) };
    const noted: [number, number][] = [];
    const pace = new Pace();
    pace.note = (work: Work, seconds: number) => noted.push([work.get('linear')?.operations ?? 0, seconds]);
    const times = new SubmissionTimes(queue, pace, () => state.time);
    const submit = (operations: number) => times.submitted(new Map([['linear', { operations, launches: 1 }]]));
    const end = async (time: number) => {
      state.time = time;
      state.ends.shift()?.();
      await Promise.resolve();
      await Promise.resolve();
    };
    return { state, times, noted, submit, end };
  }

  test('a submission takes from the end of the one before, or from when it was handed over', async () => {
    const { state, times, noted, submit, end } = fake();
    submit(1e10);
    submit(2e10);
    await end(100);
    await end(400);
    state.time = 1000;
    submit(4e10);
    await end(1500);
    times.settle();
    expect(noted).toEqual([
      [1e10, 0.1],
      [2e10, 0.3],
      [4e10, 0.5],
    ]);
  });

  test('those that were seen to end at one look are one', async () => {
    const { times, noted, submit, end } = fake();
    for (const operations of [1e10, 2e10, 3e10]) submit(operations);
    for (const time of [600, 600, 600.5]) await end(time);
    times.settle();
    expect(noted).toEqual([[6e10, 0.6005]]);
  });

  test('what was handed over is waited for where it is far ahead, and tells the pace at once', async () => {
    const { times, noted, submit, end } = fake();
    submit(FIRST_GUESS / 2);
    expect(times.isFarAhead).toBe(false);
    submit(FIRST_GUESS);
    expect(times.isFarAhead).toBe(true);
    const caughtUp = times.catchUp();
    for (const time of [30, 40, 40]) await end(time);
    await caughtUp;
    expect(times.isFarAhead).toBe(false);
    expect(noted.reduce((sum, [operations]) => sum + operations, 0)).toBe(1.5 * FIRST_GUESS);
  });

  test('what is short, as was expected, is not noted', async () => {
    const { times, noted, submit, end } = fake();
    submit(1e6);
    await end(3);
    times.settle();
    expect(noted).toEqual([]);
  });
});

test('the largest of what is handed over is counted', () => {
  const count = new SubmissionCount(new Pace(100));
  count.dispatch('linear', 10);
  count.dispatch('linear', 14);
  count.dispatch('attention', 20);
  count.submit();
  expect(count.largest).toEqual({
    dispatch: { kernel: 'attention', operations: 20 },
    submission: { dispatches: 2, operations: 24 },
  });
});
