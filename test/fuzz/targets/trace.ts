import fc from 'fast-check';
import { filesOf } from '../../../src/node/trace/openTraceFolder.js';
import { chromeTrace } from '../../../src/trace/chromeTrace.js';
import { traceCsv } from '../../../src/trace/traceCsv.js';
import { traceEvents } from '../../../src/trace/traceEvents.js';
import { arbitraryAttempts, linesOf, runOf } from '../../trace/madeTrace.js';
import { madeTrace } from '../../web/support/madeTrace.js';
import { bytesOf, type FuzzTarget, textOf } from '../support/target.js';

/** The events of a trace, and what is made of them. */
export default {
  kind: 'json',
  words: [
    'begin',
    'cache',
    'lost',
    'frames',
    'tokens',
    'step',
    'review',
    'motion',
    'pictures',
    '/////w==',
    'drift/0.safetensors',
    '../x.webp',
  ],
  seeds: async () => [
    bytesOf(linesOf(runOf([[1], [1, 1], [2]]))),
    bytesOf(linesOf(madeTrace({ blocks: 3, jumps: [1], side: 16 }).events)),
  ],
  grammar: arbitraryAttempts.chain((attempts) =>
    fc.shuffledSubarray([...runOf(attempts).slice(1)]).map((events) => bytesOf(linesOf([runOf([])[0], ...events]))),
  ),
  run(bytes) {
    const whole = traceEvents(textOf(bytes));
    traceCsv(whole.trace.blocks);
    JSON.stringify(chromeTrace(whole));
    filesOf(whole.events);
  },
} satisfies FuzzTarget;
