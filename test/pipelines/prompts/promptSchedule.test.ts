import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planBlocks } from '../../../src/pipelines/plan/grid.js';
import { parsePromptSchedule, type ScheduleGrid } from '../../../src/pipelines/prompts/promptSchedule.js';

const grid: ScheduleGrid = { fps: 16, temporal: 4, framesPerBlock: 3, label: 'prompts.txt' };
const parse = (text: string, changed: Partial<ScheduleGrid> = {}) => parsePromptSchedule(text, { ...grid, ...changed });

test('frames and seconds; empty lines, comments, byte order marks and any line ends are passed over', () => {
  const text =
    '\uFEFF# a comment\r\n\r\n0: a red circle: it bounces\r\n  40 :  a blue square \n\n#5: not this\n5s: three\n7.5 s: #4';
  expect(parse(text)).toEqual([
    { prompt: 'a red circle: it bounces', pixelFrame: 0, firstFrame: 0 },
    { prompt: 'a blue square', pixelFrame: 40, firstFrame: 12 }, // blocks begin at frames 0, 9, 21, 33, 45, ...
    { prompt: 'three', pixelFrame: 80, firstFrame: 21 },
    { prompt: '#4', pixelFrame: 120, firstFrame: 33 },
  ]);
});

describe('a prompt begins with the first block that begins at its time or after it', () => {
  test.each([
    { time: 1, firstFrame: 3 },
    { time: 9, firstFrame: 3 },
    { time: 10, firstFrame: 6 },
    { time: 21, firstFrame: 6 },
    { time: 22, firstFrame: 9 },
  ])('blocks of 3: frame $time', ({ time, firstFrame }) => {
    expect(parse(`0: a\n${time}: b`)[1].firstFrame).toBe(firstFrame);
  });

  test.each([
    { time: 1, firstFrame: 1 },
    { time: 2, firstFrame: 4 },
    { time: 13, firstFrame: 4 },
    { time: 14, firstFrame: 7 },
  ])('a first frame of its own: frame $time', ({ time, firstFrame }) => {
    expect(parse(`0: a\n${time}: b`, { independentFirstFrame: true })[1].firstFrame).toBe(firstFrame);
  });

  test('pictures that are not shown do not count', () => {
    // A still picture of nine frames, shown once: the second block begins at frame 1 of what is shown.
    expect(parse('0: a\n1: b\n13: c', { hidden: 8 }).map(({ firstFrame }) => firstFrame)).toEqual([0, 3, 6]);
  });

  test('for every time, by search', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        (time, temporal, framesPerBlock, independentFirstFrame) => {
          const frames = 450 * framesPerBlock + (independentFirstFrame ? 1 : 0);
          const starts = [...planBlocks(frames, framesPerBlock, 0, independentFirstFrame).generated].map(
            ({ firstFrame }) => firstFrame,
          );
          const expected = starts.find((frame) => (frame === 0 ? 0 : 1 + (frame - 1) * temporal) >= time);
          const changed = { temporal, framesPerBlock, independentFirstFrame };
          expect(parse(`0: a\n${time}: b`, changed)[1].firstFrame).toBe(expected);
        },
      ),
    );
  });
});

describe('messages', () => {
  test.each([
    { text: '', message: 'prompts.txt: there is no prompt in it: write lines such as "0: a red circle"' },
    { text: '# only this\n', message: 'prompts.txt: there is no prompt in it' },
    { text: '0: a\nno time', message: 'prompts.txt, line 2: expected a time and a prompt' },
    { text: '-3: a', message: 'prompts.txt, line 1: expected a time and a prompt' },
    { text: '0: a\n\n5m: b', message: 'prompts.txt, line 3: expected a time and a prompt' },
    { text: '0:  ', message: 'prompts.txt, line 1: there is no prompt after the time' },
    { text: '0: a\n1:30: b', message: 'line 2: times are frames or seconds, such as "0: a red circle" (frames)' },
    {
      text: '0: a\n2.5: b',
      message: 'line 2: a time in frames is a whole number, found "2.5: b": write an s behind seconds',
    },
    { text: `0: a\n${'9'.repeat(400)}: b`, message: 'line 2: a time in frames is a whole number' },
    { text: '5: a', message: 'line 1: the first prompt must be at time 0, found frame 5: begin with "0: ..."' },
    {
      text: '0: a\n40: b\n20: c',
      message: 'line 3: the times must rise, but frame 20 does not come after frame 40 of line 2',
    },
    {
      text: '0: a\n48: b\n3s: c',
      message: 'line 3: the times must rise, but frame 48 does not come after frame 48 of line 2',
    },
    {
      text: '0: a\n10: b\n20: c',
      message:
        'line 3: both this prompt and that of line 2 begin with the block at frame 21: put them at least 12 frames apart',
    },
    {
      text: '0: a\n73: b',
      message: 'line 2: no block begins at frame 73 or later, the video is too short: use more `frames`',
    },
  ])('$message', ({ text, message }) => {
    expect(() => parse(text, { frames: 21 })).toThrow(message);
  });

  test('the last block of the video can still have a prompt', () => {
    expect(parse('0: a\n69: b', { frames: 21 })[1].firstFrame).toBe(18);
    expect(() => parse('0: a\n70: b', { frames: 21 })).toThrow('no block begins at frame 70 or later');
  });

  test('a long line is cut', () => {
    expect(() => parse('x'.repeat(5000))).toThrow(/^.{0,260}$/);
  });
});

test('takes time with the length of a line, not with its square', () => {
  const start = performance.now();
  for (const line of [`0${' '.repeat(1e6)}x`, `0${' '.repeat(1e6)}s${' '.repeat(1e6)}`, `${'1'.repeat(1e6)}x`])
    expect(() => parsePromptSchedule(line, { fps: 16, temporal: 4, framesPerBlock: 3 })).toThrow('line 1');
  expect(performance.now() - start).toBeLessThan(2000);
});
