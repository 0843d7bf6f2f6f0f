import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TraceEvent } from '../../src/trace/format.js';
import { traceEvents } from '../../src/trace/traceEvents.js';
import { codeBlocks, root } from './documents.js';

const text = readFileSync(join(root, 'docs/TRACE.md'), 'utf8');

test('the page on traces has a line of every kind of event, and they are a trace', () => {
  const kinds: Record<TraceEvent['kind'], true> = {
    ...{ begin: true, stage: true, note: true, cache: true, step: true, review: true, write: true, block: true },
    ...{ motion: true, attention: true, tap: true, pictures: true, end: true },
  };
  const { events, problem, trace } = traceEvents(codeBlocks(text, 'jsonl').join(''));
  expect(problem).toBeUndefined();
  expect(events.map(({ kind }) => kind).sort()).toEqual(Object.keys(kinds).sort());
  for (const kind of Object.keys(kinds)) expect(text).toContain(`| \`${kind}\``);
  expect(trace.blocks).toHaveLength(1);
});
