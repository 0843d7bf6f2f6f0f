import type { BeginEvent, TraceEvent } from '../../../src/trace/format.js';

/** The first event of a trace of latents: 2 rows of 3 tokens. */
export const BEGIN: BeginEvent = {
  kind: 'begin',
  at: 0,
  version: 1,
  program: 'tokentrim test',
  date: '2026-11-26T00:00:00.000Z',
  plan: null,
  adapter: null,
  video: {
    method: 'latents',
    title: 'a file',
    model: null,
    seed: null,
    grid: { height: 2, width: 3 },
    blocks: 4,
    given: 0,
    calls: 0,
    framesPerBlock: 3,
    sink: 0,
    window: null,
    steps: [],
    trim: false,
    pictures: null,
  },
};

export const note = (text: string, at = 1): TraceEvent => ({ kind: 'note', at, text });
