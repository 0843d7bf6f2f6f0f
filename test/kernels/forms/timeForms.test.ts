import { expect, test } from 'vitest';
import type { Form } from '../../../src/kernels/forms/form.js';
import { fastestForm, timeForms } from '../../../src/kernels/forms/timeForms.js';

/** Runs that take what `cost` says on a clock of their own; calls: launches of each form, in order. */
function fakeRuns(cost: (form: Form, call: number) => number) {
  let time = 0;
  const calls: { form: Form; launches: number }[] = [];
  const run = async (form: Form, launches: number) => {
    const call = calls.filter((made) => made.form === form).length;
    calls.push({ form, launches });
    time += cost(form, call) * launches;
  };
  return { stopwatch: { now: () => time, run }, calls };
}

const COMPILATION = 400;

test('what compiles is not timed, and what slows one turn down does not count', async () => {
  const { stopwatch } = fakeRuns((form, call) => {
    if (call === 0) return COMPILATION;
    if (form === 'subgroup' && call === 3) return 90;
    return form === 'subgroup' ? 4 : 5;
  });
  const times = await timeForms(['subgroup', 'plain'], stopwatch);
  expect(times).toEqual(
    new Map([
      ['subgroup', 4],
      ['plain', 5],
    ]),
  );
  expect(fastestForm(times, 'subgroup')).toBe('subgroup');
});

test('forms take turns, and short runs are timed many at once', async () => {
  const { stopwatch, calls } = fakeRuns((form) => (form === 'tiled' ? 0.5 : 1));
  await timeForms(['tiled', 'plain'], stopwatch);
  expect(calls.slice(4).map(({ form }) => form)).toEqual(['tiled', 'plain', 'tiled', 'plain', 'tiled', 'plain']);
  expect(calls.slice(4, 6).map(({ launches }) => launches)).toEqual([30, 15]);
});

test('a form that is far behind is timed once; the expected one always gets its turns', async () => {
  const slow = fakeRuns((form) => (form === 'plain' ? 50 : 10));
  const times = await timeForms(['subgroup', 'plain'], slow.stopwatch);
  expect(slow.calls.filter(({ form }) => form === 'plain')).toHaveLength(2);
  expect(times.get('plain')).toBe(50);
  // A card whose clocks rise: the expected form is slow at first only.
  const rising = fakeRuns((form, call) => (form === 'tiled' ? (call < 2 ? 100 : 1) : 10));
  expect(fastestForm(await timeForms(['tiled', 'plain'], rising.stopwatch), 'tiled')).toBe('tiled');
});

test.each([
  [9.5, 'subgroup'], // 5% faster may be noise
  [8.5, 'plain'],
])('the expected form takes 10 ms, plain %s: %s is used', async (plain, used) => {
  const { stopwatch } = fakeRuns((form) => (form === 'plain' ? plain : 10));
  expect(fastestForm(await timeForms(['subgroup', 'plain'], stopwatch), 'subgroup')).toBe(used);
});

test('a form that fails is not used, whenever it fails', async () => {
  for (const failing of [0, 1, 2, 4]) {
    const { stopwatch } = fakeRuns((form, call) => {
      if (form === 'tiled' && call === failing) throw new Error('does not compile');
      return 10;
    });
    const times = await timeForms(['tiled', 'subgroup', 'plain'], stopwatch);
    expect(times.get('tiled')).toBeNull();
    expect(fastestForm(times, 'tiled')).toBe('subgroup');
  }
  const nothing = fakeRuns(() => {
    throw new Error('lost');
  });
  expect(fastestForm(await timeForms(['tiled', 'plain'], nothing.stopwatch), 'tiled')).toBeUndefined();
});
