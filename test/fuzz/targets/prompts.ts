import fc from 'fast-check';
import { cleanPrompt } from '../../../src/models/wan/text/clean.js';
import { parsePromptSchedule } from '../../../src/pipelines/prompts/promptSchedule.js';
import { bytesOf, type FuzzTarget, textOf } from '../support/target.js';

const line = fc.oneof(
  fc
    .tuple(fc.nat(200), fc.constantFrom('', 's', ' s '), fc.string())
    .map(([time, unit, prompt]) => `${time}${unit}: ${prompt}`),
  fc.string(),
);

/** Prompts over time, and what is made of a prompt before it is split. */
export default {
  kind: 'text',
  words: [
    '0: ',
    '5s: ',
    '#',
    '&amp;',
    '&#x1b;',
    '&#0;',
    '\u001b[31m',
    '\u3000',
    'ﬁ',
    '\ud800',
    '<',
    '\r',
    '    ',
    '9'.repeat(400),
  ],
  seeds: async () =>
    ['0: a red circle\n40: a blue square\n10s: &amp;eacute; <b>\n', '# note\n0: “ﬁ” Ａ\n'].map(bytesOf),
  grammar: fc.array(line).map((lines) => bytesOf(lines.join('\n'))),
  run(bytes) {
    const text = textOf(bytes);
    const clean = cleanPrompt(text);
    if (clean !== clean.trim() && clean.trim() === '') throw new Error('white space is left');
    for (const more of [{}, { frames: 21, hidden: 3, independentFirstFrame: true }])
      parsePromptSchedule(text, { fps: 16, temporal: 4, framesPerBlock: 3, ...more });
  },
} satisfies FuzzTarget;
