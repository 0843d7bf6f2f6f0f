import { expect, test } from 'vitest';
import { digest, generate, latentFrames } from './generated.js';
import { useProgram } from './program.js';

const program = useProgram();

const PROMPT = 'a red circle stands still on a navy background';
const WAN = [PROMPT, '--preset', 'wan', '--width', '32', '--height', '32', '--frames', '13', '--steps', '3'];

test('wan: every option of its own changes the video, and the same ones make it again', async () => {
  const runs: Record<string, string[]> = {
    defaults: [],
    again: ['--solver', 'unipc', '--guidance', '6', '--shift', '8', '--seed', '0'],
    'dpm++': ['--solver', 'dpm++'],
    guidance: ['--guidance', '3'],
    negative: ['--negative-prompt', 'a blue square'],
    none: ['--guidance', '1'],
    seed: ['--seed', '1'],
  };
  const made: Record<string, string> = {};
  for (const [name, options] of Object.entries(runs)) {
    const json = await generate(program, [...WAN, ...options, '--save-latents', `${name}.safetensors`]);
    expect(json).toMatchObject({ preset: 'wan', frames: 13, blocks: [{ index: 0, severity: null, triggered: false }] });
    const frames = await latentFrames(program.path(`${name}.safetensors`));
    expect(frames).toHaveLength(4);
    made[name] = digest(frames);
  }
  const { again, ...different } = made;
  expect(again).toBe(made.defaults);
  expect(new Set(Object.values(different)).size).toBe(Object.keys(different).length);
});

test('wan: from its recorded noise', async () => {
  const { seed } = await generate(program, [...WAN, '--save-noise', 'noise', '--save-latents', 'one', '--seed', '7']);
  const again = await generate(program, [...WAN, '--noise', 'noise', '--save-latents', 'two']);
  expect([seed, again.seed]).toEqual([7, null]);
  expect(await latentFrames(program.path('two'))).toEqual(await latentFrames(program.path('one')));
});
