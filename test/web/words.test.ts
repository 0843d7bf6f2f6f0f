import { describe, expect, test } from 'vitest';
import { type Decision, decision } from '../../src/tokentrim/policy.js';
import type { Plan, PostedEvent } from '../../src/web/index.js';
import { severityChart } from '../../web/chart.js';
import type { Sentence } from '../../web/dom.js';
import { RunState } from '../../web/runState.js';
import { anotherPrompt, FIRST_PROMPT } from '../../web/toyPrompts.js';
import { numbersOf, sayOf, stageOf, titleOf } from '../../web/words.js';

const trimming = { warmup: 1, sensitivity: 2 };
const plan = { preset: 'self-forcing' } as Plan;

const review = (severity: number) => ({ severity, drift: [], unstable: [] });
const measured = (block: number, severity: number, threshold: number | null): Decision =>
  decision({ block, severity, threshold, mean: 1, std: 0.5, unstable: [3, 5], reviews: [review(severity)] });

const decisions: readonly Decision[] = [
  decision({ block: 0 }),
  measured(1, 2, null),
  measured(2, 2.5, 4),
  { ...measured(3, 5, 4), triggered: true, attempts: 2, severityAfter: 4.5, reviews: [review(5), review(4.5)] },
  { ...measured(4, 6, 4), triggered: true, attempts: 3, severityAfter: 7, reviews: [review(6), review(5), review(7)] },
  { ...measured(5, 6, 4), triggered: true, attempts: 2, severityAfter: 3, reviews: [review(6), review(3)] },
];

/** A run of six blocks, so many of which are there. */
function runOf(blocks: number, more: readonly PostedEvent[] = []): RunState {
  const run = new RunState();
  const events: PostedEvent[] = [
    { kind: 'stage', stage: 'text', plan, blocks: 6, calls: 24 },
    { kind: 'stage', stage: 'rollout', plan, blocks: 6, calls: 24 },
  ];
  for (const made of decisions.slice(0, blocks)) {
    const { block } = made;
    for (let attempt = 0; attempt < made.attempts; attempt++) events.push({ kind: 'step', block, attempt });
    events.push({
      kind: 'block',
      block,
      firstFrame: 3 * block,
      decision: made,
      seconds: 1,
      latents: { shape: [], values: new Float32Array() },
    });
    events.push({ kind: 'frames', block, frames: Array(4).fill({ width: 1, height: 1, rgba: new Uint8Array(4) }) });
  }
  for (const event of [...events, ...more]) run.take(event);
  return run;
}

const plain = (sentence: Sentence) => sentence.map((part) => (typeof part === 'string' ? part : part.strong)).join('');

test('events come together: calls without those of second tries, pictures by block', () => {
  const run = runOf(6);
  expect([run.blocks, run.calls, run.allCalls, run.pictures.length]).toEqual([6, 6, 24, 24]);
  expect(run.rows.map(({ block, firstPicture, pictures }) => [block, firstPicture, pictures]).at(-1)).toEqual([
    5, 20, 4,
  ]);
});

describe('what is said of a finished run', () => {
  const run = runOf(6);
  run.phase = 'finished';
  const said = run.rows.map((row) => `${titleOf(run, row, trimming)} | ${plain(sayOf(run, row, trimming))}`);
  test.each([
    [0, 'Block 0 is the first | There is nothing before block 0 to move away from'],
    [
      1,
      'Block 1 sets the scale | Block 1 moved 2.0. The first block after the start is kept whatever it does, to learn',
    ],
    [2, 'Block 2 was kept | Block 2 moved 2.5, less than 4.0 = mean + 2σ of the blocks before it.'],
    [
      3,
      'Why block 3 was made twice | Block 3 moved 5.0, more than 4.0 = mean + 2σ of the blocks before it. So the 2 tokens',
    ],
    [3, 'made again: 4.5: less, if still above. One new try is all it gets.'],
    [4, 'Why block 4 was made 3 times | '],
    [4, 'made again: 7.0, even more. 2 new tries are all it gets.'],
    [5, 'made again: 3.0.'],
  ])('block %i: %s', (block, expected) => expect(said[block]).toContain(expected));

  test('every number', () => {
    expect(numbersOf(run.rows[3])).toBe(
      'Block 3 · severity 5.0000 · threshold 4.0000 (mean 1.0000, deviation 0.5000) · made again without tokens 3, 5: 4.5000 · 4 pictures · 1.0 s',
    );
  });
});

test('what is said of a run on its way', () => {
  const titled = (run: RunState | undefined) => titleOf(run, run?.rows.at(-1), trimming);
  expect(titled(undefined)).toBe('A prompt becomes a video, in this page');
  expect(titled(runOf(0))).toBe('Getting ready');
  expect(titled(runOf(2, [{ kind: 'step', block: 2, attempt: 0 }]))).toBe('Making block 2 of 6');
  expect(titled(runOf(2, [{ kind: 'step', block: 2, attempt: 1 }]))).toBe('Making block 2 of 6 again');
  const compiling = runOf(0, [
    { kind: 'stage', stage: 'text', plan, blocks: 6, calls: 24 },
    { kind: 'compile', kernels: ['a', 'b'] },
  ]);
  expect([stageOf(compiling), plain(sayOf(compiling, undefined, trimming))]).toEqual([
    'compiling 2 kernels',
    '2 kernels run for the first time: the driver compiles them, once.',
  ]);
  const stopped = runOf(0);
  stopped.phase = 'stopped';
  expect([titled(stopped), stageOf(stopped)]).toEqual(['Stopped before the first block', 'stopped']);
});

test('a chart has a dot for each block that was measured, and for each of its tries', () => {
  const chart = severityChart(runOf(6).rows, 6, 3, trimming, { width: 600, isWide: true });
  expect(chart.match(/<circle/g)).toHaveLength(1 + 1 + 2 + 3 + 2);
  expect(chart.match(/<circle[^>]*fill="var\(--accent\)"/g)).toHaveLength(3);
  expect(chart).toContain('first try 5.0');
  expect(chart).toContain('3 of them made again');
  expect(chart).not.toMatch(/NaN|Infinity|undefined/);
});

test.each([
  ['before a run', [], 0, 'a dot for each block'],
  ['without TokenTrim', [decision({ block: 0 }), decision({ block: 1 })], 2, 'nothing is measured'],
  ['of the bidirectional model', [null], 1, 'all pictures are made at once'],
])('a chart without dots says why: %s', (_, made, blocks, words) => {
  const rows = made.map((each, block) => ({ block, decision: each, seconds: 1, firstPicture: 0, pictures: 0 }));
  const chart = severityChart(rows, blocks, undefined, trimming, { width: 600, isWide: true });
  expect(chart).toContain(words);
  expect(chart).not.toMatch(/<circle|NaN|Infinity/);
});

test('the prompts that are offered are of the form that the toy world knows', () => {
  const form =
    /^a (red|green|blue|yellow|white|purple|orange|cyan) (circle|square|triangle|ring) (bounces left and right|bounces up and down|moves in a circle|stands still) on a (black|gray|navy|maroon) background$/;
  for (const prompt of [FIRST_PROMPT, anotherPrompt(), anotherPrompt()]) expect(prompt).toMatch(form);
});
