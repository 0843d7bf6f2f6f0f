import { expect, it } from 'vitest';
import { withFlags } from '../../src/cli/flags.js';
import { createProgram } from '../../src/cli/program.js';
import type { PlanRequest } from '../../src/pipelines/plan/request.js';

const program = createProgram();
const known = new Set(program.commands.flatMap(({ options }) => options.map(({ long }) => long)));

it('options of the library become flags, with what stands behind them', () => {
  expect(withFlags('use `kvDtype` f32, or a smaller `width`')).toBe('use --kv-dtype f32, or a smaller --width');
  expect(withFlags('`framesPerBlock` 3 and `trim: false`')).toBe('--block-frames 3 and --no-trim');
  expect(withFlags('`verifyWeights` tells')).toBe('`tokentrim inspect --verify <file>` tells');
});

it('what is no option stays as it is', () => {
  for (const text of ['run `npm ci`', 'width 832', '`block` of review', '`constructor`', 'a ` b`: `c', '`a: b`']) {
    expect(withFlags(text)).toBe(text);
  }
  expect(withFlags('a`b: use `dtype` bf16')).toBe('a`b: use --dtype bf16');
});

it('every option of a plan has a flag that there is', () => {
  const options: Record<Exclude<keyof PlanRequest, 'given'>, true> = {
    ...{ preset: true, frames: true, width: true, height: true, fps: true, steps: true, shift: true, window: true },
    ...{ sink: true, framesPerBlock: true, contextNoise: true, flowmo: true, solver: true, guidance: true },
  };
  const renamed = ['given: image', 'given: video', 'recordNoise', 'schedule', 'trim: false'];
  const flags = [...Object.keys(options), ...renamed].map((name) => withFlags(`\`${name}\``));
  expect(flags.filter((flag) => !known.has(flag))).toEqual([]);
});
