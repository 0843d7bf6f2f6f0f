import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillViewer, VIEWER_PLACE } from '../../../src/trace/fillViewer.js';
import { remembered } from '../../../web/viewer/data/byteFiles.js';
import { embeddedRuns } from '../../../web/viewer/data/embeddedRuns.js';
import { halfValue, readTensor } from '../../../web/viewer/data/readTensor.js';
import { Run } from '../../../web/viewer/data/run.js';
import { embedTrace } from '../support/embedTrace.js';
import { linesOf, madeTrace } from '../support/madeTrace.js';
import { runOf } from './support.js';

const nothing = () => Promise.reject(new Error('no files'));
const empty = () => new Run('run', { tensor: nothing, image: nothing });

test('a trace is put into the page and comes out of it, whatever it says', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, events) => {
      const page = fillViewer(`<body>${VIEWER_PLACE}</body>`, { traces: [{ name, events, files: {} }] });
      const [, json] = /<script type="application\/json" id="trace">(.*)<\/script>/s.exec(page) ?? [];
      expect(JSON.parse(json).traces[0]).toEqual({ name, events, files: {} });
      expect(json).not.toContain('<');
    }),
  );
  const hostile = fillViewer(VIEWER_PLACE, {
    traces: [{ name: "</script><script>alert('$&')</script>", events: '', files: {} }],
  });
  expect(hostile.match(/<script/g)).toHaveLength(1);
  expect(() => fillViewer('<body></body>', { traces: [] })).toThrow(/no place for traces/);
});

test('embedded tensors are read', async () => {
  const made = madeTrace({ blocks: 3, side: 4 });
  const page = JSON.stringify({ traces: [await embedTrace('demo', made)] });
  const [run] = embeddedRuns(page);
  const [file, [tensor]] = [...made.tensors][0];
  const { shape, values } = await run.files.tensor({ file, name: 'drift' });
  expect(shape).toEqual([4, 4]);
  expect(values).toEqual(tensor.values);
  await expect(run.files.tensor({ file: 'drift/none', name: 'drift' })).rejects.toThrow(/was left out of this page/);
  expect(() => readTensor(new Uint8Array(4), 'drift', 'a')).toThrow(/a safetensors file starts with/);
});

test('halves are what they are in Float16', () => {
  expect([0, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0x3555].map(halfValue)).toEqual([
    0,
    1,
    -2,
    65504,
    2 ** -24,
    2 ** -14,
    Number.POSITIVE_INFINITY,
    0.333251953125,
  ]);
});

describe('a run that is read piece by piece', () => {
  const text = linesOf(madeTrace({ blocks: 4, side: 4 }).events);
  test('comes out as the whole, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
        const run = empty();
        let from = 0;
        for (const cut of [...cuts.sort((left, right) => left - right), text.length]) {
          if (cut > from) run.read(text.slice(from, cut));
          from = cut;
        }
        expect(run.isWhole).toBe(true);
        expect(run.facts.map(({ kept, outcome }) => [kept, outcome])).toEqual(
          runOf({ blocks: 4, side: 4 }).facts.map(({ kept, outcome }) => [kept, outcome]),
        );
      }),
      { numRuns: 30 },
    );
  });
  test('cut off: a sentence, and what was there', () => {
    const run = empty();
    run.read(text.slice(0, text.length * 0.6));
    expect(run.problem).toMatch(/the trace has no end/);
    expect(run.facts.length).toBeGreaterThan(1);
  });
  test('damaged: the line is passed over, and nothing is waited for', () => {
    const run = empty();
    const lines = text.split('\n');
    run.read([...lines.slice(0, 20), '{"kind": 3', ...lines.slice(20)].join('\n'));
    expect([run.problem, run.isWhole]).toEqual([
      'line 21 is damaged: what it said is missing, and the rest is shown',
      true,
    ]);
    expect(run.trace.count).toBe(lines.length - 1);
  });
  test.each([
    ['of another version', text.replace('"version":1', '"version":9'), /this trace is of version 9/],
    ['of something else', '{"kind":"song"}\n', /this is no trace/],
    ['of nothing that is JSON', '<html>\n', /this is no trace/],
  ])('%s', (_, foreign, problem) => {
    const run = empty();
    run.read(foreign);
    expect(run.problem).toMatch(problem);
    expect(run.facts).toEqual([]);
  });
});

test('what failed is asked for again, and the oldest goes first', async () => {
  const asked: string[] = [];
  const get = remembered(async (key) => {
    asked.push(key);
    if (key === 'bad') throw new Error('bad');
    return key;
  }, 2);
  await get('a');
  await get('a');
  await expect(get('bad')).rejects.toThrow();
  await expect(get('bad')).rejects.toThrow();
  await get('b');
  await get('c');
  await get('a');
  expect(asked).toEqual(['a', 'bad', 'bad', 'b', 'c', 'a']);
});
