import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEvent } from '../../src/trace/format.js';
import { readTrace } from '../../src/trace/readTrace.js';
import { BEGIN, linesOf, runOf } from './madeTrace.js';

const events = [...runOf([[2], [2, 2], [2]])];
const place = { at: 1, block: 0, attempt: 0, step: 1, frames: [0, 1, 2] };
events.splice(
  5,
  0,
  {
    ...{ kind: 'attention', ...place, layers: [0], tokens: [2], keys: [0, 1, 2], cached: 0 },
    shares: { file: 'attention/0000.0.1.0.safetensors', name: 'shares' },
  },
  { kind: 'tap', ...place, name: 'head', values: { file: 'taps/0000.0.1.head.safetensors', name: 'head' } },
);

test('every line of a whole trace is what it says', () => {
  const { trace, problem } = readTrace(linesOf(events));
  expect(problem).toBeUndefined();
  expect(trace.count).toBe(events.length);
});

test('a line with a field of another type, or of no size, is damaged: all others are read', () => {
  const strange = fc.constantFrom<unknown>('12', null, {}, [], -1e300, 1e300, '<script>', [null], true);
  const at = fc.nat(events.length - 2).map((index) => index + 1);
  let refused = 0;
  fc.assert(
    fc.property(at, fc.nat(20), strange, (index, field, value) => {
      const names = Object.keys(events[index]).filter((name) => name !== 'kind');
      const name = names[field % names.length];
      const changed = { ...events[index], [name]: value } as TraceEvent;
      const { trace, problem } = readTrace(linesOf([...events.slice(0, index), changed, ...events.slice(index + 1)]));
      if (trace.damaged.length === 0) return; // it may be that, too
      refused++;
      expect(trace.count).toBe(events.length - 1);
      expect(problem).toMatch(
        new RegExp(`^line ${index + 1} is damaged: what it said is missing, and the rest is shown`),
      );
    }),
  );
  expect(refused).toBeGreaterThan(20);
});

test.each([
  ['severity', '12'],
  ['severity', Number.MAX_VALUE],
  ['unstable', [-1]],
  ['unstable', 'all'],
  ['drift', { file: 3 }],
])('a review whose %s is %j', (name, value) => {
  const index = events.findIndex(({ kind }) => kind === 'review');
  const lines = linesOf(
    events.map((event, each) => (each === index ? ({ ...event, [name]: value } as TraceEvent) : event)),
  );
  expect(readTrace(lines).trace.damaged).toEqual([index + 1]);
});

test.each([
  ['grid', { height: 1e9, width: 1e9 }],
  ['grid', { height: 0, width: 4 }],
  ['grid', null],
  ['trim', 'yes'],
  ['blocks', -1],
  ['pictures', { width: 1e9, height: 1, count: 1, fps: 16 }],
])('a beginning whose %s is %j is none', (name, value) => {
  const begin = { ...BEGIN, video: { ...BEGIN.video, [name]: value } } as TraceEvent;
  expect(() => readTrace(linesOf([begin, ...events.slice(1)]))).toThrow('this is no trace');
});

test('another version is named as it stands there, whatever else the line says', () => {
  const of = (version: unknown) => JSON.stringify({ kind: 'begin', version, program: 'tokentrim 9' });
  expect(() => readTrace(`${of('1')}\n`)).toThrow('this trace is of version "1", and this program reads version 1');
  expect(() => readTrace(`${of(2)}\n`)).toThrow('read it with the program that wrote it (tokentrim 9)');
});
