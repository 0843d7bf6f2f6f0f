import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generate, latentFrames } from './generated.js';
import { useProgram } from './program.js';

const program = useProgram();

const FIRST = '0: a red circle bounces left and right on a navy background';
const SECOND = 'a green square stands still on a black background';
const SMALL = ['--frames', '57', '--width', '32', '--height', '32', '--steps', '1000,500', '--no-trim'];

/**
 * Blocks of 3 latent frames; the new prompt holds from block 3, frame 9, on. A rolling window of two steps shows block 2
 * only the noise of block 3 before it joins the video, and each with its own prompt (docs/decisions/008).
 */
const BEFORE = 9;

test.each(['self-forcing', 'rolling-forcing'])(
  '%s: frames before a change of prompt stay as they were',
  async (preset) => {
    writeFileSync(program.path('one.txt'), `${FIRST}\n`);
    writeFileSync(program.path('two.txt'), `# a change\n${FIRST}\n\n2s: ${SECOND}\n`);
    const latents: Buffer[][] = [];
    for (const name of ['one', 'two']) {
      const args = [...SMALL, '--preset', preset, '--prompts-at', `${name}.txt`, '--out', `${name}.mp4`];
      await generate(program, [...args, '--save-latents', `${name}.safetensors`]);
      latents.push(await latentFrames(program.path(`${name}.safetensors`)));
    }
    const [one, two] = latents;
    expect(two).toHaveLength(15);
    expect(two.map((frame, index) => frame.equals(one[index]))).toEqual(two.map((_, index) => index < BEFORE));

    const [time, prompt] = FIRST.split(': ');
    expect(time).toBe('0');
    const args = [prompt, ...SMALL, '--preset', preset, '--save-latents', 'plain.safetensors'];
    await generate(program, args);
    expect(await latentFrames(program.path('plain.safetensors'))).toEqual(one);
  },
);
