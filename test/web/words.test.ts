import { expect, test } from 'vitest';
import type { TraceEvent } from '../../src/trace/format.js';
import { Trace } from '../../src/trace/traceReader.js';
import { stageOf, statusOf, type Watched } from '../../web/live/status.js';
import { anotherPrompt, FIRST_PROMPT } from '../../web/toyPrompts.js';
import { madeTrace } from './support/madeTrace.js';

const { events } = madeTrace({ blocks: 7, jumps: [5], side: 4 });

/** A run of which so much has come: up to an event, or all of it. */
function runAt(isLast: (event: TraceEvent) => boolean, more: Partial<Watched> = {}): Watched {
  const trace = new Trace();
  const end = events.findIndex(isLast);
  for (const event of events.slice(0, end < 0 ? events.length : end + 1)) trace.take(event);
  return { trace, phase: 'running', isGoingOn: true, compiling: 0, ...more };
}
const step = (block: number, attempt: number) => (event: TraceEvent) =>
  event.kind === 'step' && event.block === block && event.attempt === attempt;

test('what is said of a run on its way', () => {
  expect(statusOf(undefined)[0]).toBe('A prompt becomes a video, in this page');
  expect(stageOf(undefined)).toBe('idle');
  expect(statusOf(runAt(({ kind }) => kind === 'stage'))).toEqual(['Getting ready', 'The prompt is embedded.']);
  expect(statusOf(runAt(step(0, 0)))).toEqual([
    'Making block 0 of 7',
    'Its first picture comes with the first block; below is what each call predicts.',
  ]);
  expect(statusOf(runAt(step(2, 0)))).toEqual(['Making block 2 of 7', '']);
  expect(statusOf(runAt(step(5, 1)))[0]).toBe('Making block 5 of 7 again');
  expect(statusOf(runAt((event) => event.kind === 'block' && event.block === 1))[0]).toBe('Making block 2 of 7');
});

test('what is said while kernels are compiled, and of a run that is over', () => {
  const compiling = runAt(({ kind }) => kind === 'begin', { compiling: 2 });
  expect([stageOf(compiling), statusOf(compiling)[1]]).toEqual([
    'compiling 2 kernels',
    '2 kernels run for the first time: the driver compiles them, once.',
  ]);
  const stopped = runAt(({ kind }) => kind === 'begin', { phase: 'stopped', isGoingOn: false });
  expect([stageOf(stopped), statusOf(stopped)[0]]).toEqual(['stopped', 'Stopped before the first block']);
  expect(statusOf(runAt(() => false, { phase: 'finished', isGoingOn: false }))[0]).toBe('Done');
  expect(statusOf(runAt(() => false, { phase: 'failed', isGoingOn: false }))[0]).toBe('This run failed');
});

test('the prompts that are offered are of the form that the toy world knows', () => {
  const form =
    /^a (red|green|blue|yellow|white|purple|orange|cyan) (circle|square|triangle|ring) (bounces left and right|bounces up and down|moves in a circle|stands still) on a (black|gray|navy|maroon) background$/;
  for (const prompt of [FIRST_PROMPT, anotherPrompt(), anotherPrompt()]) expect(prompt).toMatch(form);
});
