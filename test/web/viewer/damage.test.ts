import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTrace } from '../../../src/trace/readTrace.js';
import { factsOf } from '../../../web/viewer/logic/facts.js';
import { plain } from '../../../web/viewer/logic/sentence.js';
import { sayOf, titleOf } from '../../../web/viewer/logic/words.js';
import { linesOf, madeTrace } from '../support/madeTrace.js';
import { runOf } from './support.js';

const { events } = madeTrace({ blocks: 9, jumps: [3, 5], side: 0, sink: 3, trim: { warmup: 1 } });
const whole = readTrace(linesOf(events)).trace;

/** The trace with lines that are no JSON, from 1. */
function damaged(...lines: number[]) {
  const text = linesOf(events).split('\n');
  for (const line of lines) text[line - 1] = text[line - 1].slice(0, -7);
  return readTrace(text.join('\n'));
}

test('whatever line is damaged: it is named, other blocks are as they were, and a cache is right or said to be unknown', () => {
  expect(whole.blocks.filter(({ attempts }) => attempts.length > 1)).toHaveLength(2);
  let [unknown, known] = [0, 0];
  for (let line = 2; line <= events.length; line++) {
    const { trace, problem } = damaged(line);
    expect(trace.damaged).toEqual([line]);
    expect(problem).toMatch(new RegExp(`^line ${line} is damaged: what it said is missing, and the rest is shown`));
    expect(trace.count).toBe(events.length - 1);
    for (const block of whole.blocks) {
      const read = trace.blocks.find((each) => each.block === block.block)!;
      for (const attempt of read.attempts) {
        const real = block.attempts.find((each) => each.attempt === attempt.attempt)!;
        if (attempt.isCacheKnown) expect(attempt.cache).toEqual(real.cache);
        if (attempt.isCacheKnown) known++;
        else unknown++;
      }
      if (read.damaged.length > 0) continue;
      expect(read.accepted).toEqual(block.accepted);
      expect(read.attempts.map(({ review, steps }) => [review, steps])).toEqual(
        block.attempts.map(({ review, steps }) => [review, steps]),
      );
    }
    expect(trace.blocks.filter((block) => block.damaged.length > 0).length).toBeLessThanOrEqual(2);
  }
  expect(unknown).toBeGreaterThan(0);
  expect(known).toBeGreaterThan(10 * unknown);
});

test('several lines, and the end as well', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 2, max: events.length }), { minLength: 2, maxLength: 9 }), (lines) => {
      const { trace, problem } = damaged(...lines);
      lines.sort((left, right) => left - right);
      expect(trace.damaged).toEqual(lines);
      const more = lines.length > 5 ? `, and ${lines.length - 5} more` : '';
      expect(problem).toContain(`lines ${lines.slice(0, 5).join(', ')}${more} are damaged`);
      expect(problem!.includes('the trace has no end')).toBe(lines.includes(events.length));
      factsOf(trace);
    }),
  );
});

describe('what came of a block is not guessed', () => {
  const lineOf = (isIt: (event: (typeof events)[number]) => boolean) => events.findIndex(isIt) + 1;
  test.each([
    ['its review', lineOf((each) => each.kind === 'review' && each.block === 5 && each.attempt === 0)],
    ['its end', lineOf((each) => each.kind === 'block' && each.block === 5)],
  ])('without %s', (_, line) => {
    const { trace } = damaged(line);
    const facts = factsOf(trace).find(({ number }) => number === 5)!;
    expect(titleOf(facts, trace.begin!.video)).toBe('Block 5 is not whole in this trace');
    expect(plain(sayOf(facts, trace.begin!.video))).toContain(
      `Line ${line} of the trace is damaged here, so what came of it is not known.`,
    );
    const others = factsOf(trace).filter(({ number }) => number !== 5);
    expect(others.map(({ outcome }) => outcome)).toEqual(
      factsOf(whole)
        .filter(({ number }) => number !== 5)
        .map(({ outcome }) => outcome),
    );
  });
});

test('a new try that could prune nothing more says so', () => {
  const run = runOf({ jumps: [5] });
  const facts = run.facts.find(({ outcome }) => outcome === 'again')!;
  const { video } = run.trace.begin!;
  const gone = new Map(
    [...facts.traced.attempts[1].cache].map(([frame, lost]) => [frame, lost]), // as it is after the pruning
  );
  const attempts = facts.traced.attempts.map((attempt) => ({ ...attempt, cache: gone }));
  const same = { ...facts, trimmed: [], traced: { ...facts.traced, attempts } };
  expect(plain(sayOf(same, video))).toContain(
    'were to be removed, but every cached frame had lost them before: the new try saw the same cache, and the block was generated again',
  );
  const whole = attempts.map((attempt) => ({ ...attempt, cache: new Map([[0, new Set<number>()]]) }));
  expect(plain(sayOf({ ...same, traced: { ...same.traced, attempts: whole } }, video))).toContain(
    'but no cached frame could lose any: the new try saw the same cache',
  );
});
