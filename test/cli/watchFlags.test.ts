import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { GenerateFlags } from '../../src/cli/generateFlags.js';
import { addGenerateOptions } from '../../src/cli/generateOptions.js';
import { watchOf } from '../../src/cli/watchFlags.js';

const parsed = (...words: string[]) => {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addGenerateOptions(command);
  return watchOf(command.parse(words, { from: 'user' }).opts() as GenerateFlags);
};

test('nothing is watched without a trace; with one, tries that were not kept', () => {
  expect(parsed()).toBeUndefined();
  expect(parsed('--report', 'a.html')).toEqual({ rejected: true });
});

test('tokens and parts, each as often as one likes, in any order of words', () => {
  const watch = parsed(
    ...['--trace', 'a', '--trace-attention', 'token=3,7 block=5 layer=0,15 step=3'],
    ...[
      '--trace-attention',
      '  step=0   token=1 ',
      '--trace-tap',
      'block15.ffn step=1,2 block=0',
      '--trace-tap',
      'head',
    ],
  );
  expect(watch).toEqual({
    rejected: true,
    attention: [
      { tokens: [3, 7], blocks: [5], layers: [0, 15], steps: [3] },
      { tokens: [1], steps: [0] },
    ],
    taps: [{ name: 'block15.ffn', blocks: [0], steps: [1, 2] }, { name: 'head' }],
  });
});

describe('what it does not understand it says', () => {
  test.each([
    ['--trace-attention', 'block=5', 'expected the tokens that attend'],
    ['--trace-attention', 'token=3 lyer=2', 'found "lyer=2"'],
    ['--trace-attention', 'token=3,', 'found "token=3,"'],
    ['--trace-attention', 'token=3 token=4', '"token=" stands there twice'],
    ['--trace-tap', '', 'expected the name of a part of the DiT'],
    ['--trace-tap', 'block=5', 'expected the name of a part of the DiT'],
    ['--trace-tap', 'head token=5', 'expected block=, step= with whole numbers'],
  ])('%s "%s"', (flag, text, message) => {
    expect(() => parsed('--trace', 'a', flag, text)).toThrow(message);
  });
});
