import { expect, test } from 'vitest';
import { misused, parsed } from './parsed.js';

const PROMPT = 'a red circle';

test.each([
  [['-p', PROMPT], { given: PROMPT }],
  [['--prompt', PROMPT], { given: PROMPT }],
  [[PROMPT, '--prompt', PROMPT], { given: PROMPT }],
  [[PROMPT, '-o', 'a.mp4'], { out: 'a.mp4' }],
  [[PROMPT, '--output=a.mp4'], { out: 'a.mp4' }],
  [[PROMPT, '--save_file', 'a.mp4'], { out: 'a.mp4' }],
  [[PROMPT, '-s', '5', '-W', '32', '-H', '48'], { seed: '5', width: 32, height: 48 }],
  [[PROMPT, '-s5'], { seed: '5' }],
  [[PROMPT, '--base_seed', '5', '--frame_num=9', '--ckpt_dir', 'models'], { seed: '5', frames: 9, model: 'models' }],
  [[PROMPT, '--num-frames', '9', '--num_inference_steps', '1000'], { frames: 9, steps: [1000] }],
  [[PROMPT, '--size', '832*480'], { width: 832, height: 480 }],
  [[PROMPT, '--size', '832x480', '--width', '832'], { width: 832, height: 480 }],
  [[PROMPT, '--device', 'reference', '--kv_dtype', 'f16'], { adapter: 'reference', kvDtype: 'f16' }],
  [[PROMPT, '--preset', 'wan', '--sample_guide_scale', '5', '--sample_shift', '8'], { guidance: 5, shift: 8 }],
  [[PROMPT, '--preset', 'wan', '--sample_solver', 'dpm++', '-n', 'ugly'], { solver: 'dpm++', negativePrompt: 'ugly' }],
  [[PROMPT, '--preset', 'wan', '--sample_steps', '50', '--guidance-scale', '5'], { steps: [50], guidance: 5 }],
  [['--', '--a_prompt --with_dashes'], { given: '--a_prompt --with_dashes' }],
  [['--prompt', 'snake_case --stays_so'], { given: 'snake_case --stays_so' }],
] as const)('%j', async (args, expected) => {
  expect(await parsed(...args)).toMatchObject(expected);
});

test('a switch can be taken back, and the last of one name holds', async () => {
  expect((await parsed(PROMPT, '--trim')).trim).toBe(true);
  expect((await parsed(PROMPT, '--no-json')).json).toBe(false);
  expect((await parsed(PROMPT)).trim).toBe(true);
  expect((await parsed(PROMPT, '--frames', '9', '--frames', '13')).frames).toBe(13);
});

test.each([
  [[PROMPT, '-p', 'another'], 'there are two prompts, the argument and --prompt'],
  [[PROMPT, '--frames', '9', '--num-frames', '13'], '--frames and --num-frames say two things about one option'],
  [[PROMPT, '--frame_num', '9', '--num_frames', '13'], '--frame-num and --num-frames say two things'],
  [[PROMPT, '--size', '64*64', '-W', '32'], '--size and --width say two things'],
  [[PROMPT, '--trim', '--no-trim'], '--trim and --no-trim say two things'],
  [[PROMPT, '--size', '832'], 'expected width*height, such as 832*480, found "832"'],
  [[PROMPT, '--size', '0*480'], 'expected a whole number of at least 1, found "0"'],
  [[PROMPT, '--num-frames', '0'], 'expected a whole number of at least 1, found "0"'],
  [[PROMPT, '--out', '--json'], '--out expects a value, found the option --json'],
  [[PROMPT, '--out'], "option '-o, --out <path>' argument missing"],
  [[PROMPT, '--num_output_frames', '21'], 'counts those of the video: use --frames 81'],
  [[PROMPT, '--framse', '9'], '(Did you mean --frames?)'],
  [[PROMPT, '--seed', 'maybe'], 'expected a whole number, or random, found "maybe"'],
  [[PROMPT, '-q', '-v'], '--quiet and --verbose contradict each other'],
  [['a', 'red', 'circle'], 'there are 3 prompts: put one of several words in quotes'],
] as const)('refused: %j', async (args, message) => {
  expect(await misused(...args)).toContain(message);
});

test('a random seed is another one each time, and a number that brings the same video again', async () => {
  for (const args of [['--seed', 'random'], ['--seed', '-1'], ['--seed=-1'], ['-s', 'RANDOM'], ['-s-1']]) {
    const seeds = await Promise.all([1, 2, 3].map(async () => (await parsed(PROMPT, ...args)).seed));
    for (const seed of seeds) expect(Number(seed)).toBeLessThan(2 ** 32);
    expect(new Set(seeds).size).toBeGreaterThan(1);
    expect(seeds.join()).toMatch(/^\d+(,\d+)+$/);
  }
  expect((await parsed(PROMPT, '--seed', '-2')).seed).toBe('-2');
});
