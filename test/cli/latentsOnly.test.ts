import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { expectUsageError, useProgram } from './program.js';

const program = useProgram();

const SMALL = ['--frames', '9', '--width', '16', '--height', '16', '--steps', '1000', '--adapter', 'reference'];
const RUN = ['generate', 'a red circle', ...SMALL];
const LATENTS = ['--latents-only', '--save-latents', 'latents.safetensors'];

test('latents without pictures: the same file, nothing beside it, and a plan that makes it again', async () => {
  const { status, stdout } = await program.run([...RUN, ...LATENTS, '--json']);
  expect(status).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ out: null, frames: 0, plan: { decode: 'never' }, memory: { decode: 'never' } });
  expect(report.settings).toMatchObject({ latentsOnly: true, decode: null, decoder: null, out: null });
  expect(program.files()).toEqual(['latents.safetensors']);
  const bytes = readFileSync(program.path('latents.safetensors'));

  const whole = await program.run([...RUN, '--save-latents', 'whole.safetensors']);
  expect(whole.status).toBe(0);
  expect(whole.stderr).toContain('self-forcing 100% (2/2), done'); // a call, and the pictures of a block
  expect(readFileSync(program.path('whole.safetensors')).equals(bytes)).toBe(true);

  writeFileSync(program.path('run.json'), stdout);
  const again = ['generate', '--plan', 'run.json', '--adapter', 'reference'];
  await expectUsageError(program, again, 'say where, with --save-latents latents.safetensors');
  const repeated = await program.run([...again, '--save-latents', 'again.safetensors']);
  expect(repeated.stderr).toContain('again.safetensors: latents of 9 frames of 16x16 and no pictures in');
  expect(repeated.stderr).toContain('self-forcing 100% (1/1), done');
  expect(readFileSync(program.path('again.safetensors')).equals(bytes)).toBe(true);
});

test('without a file for them, or with what is for pictures, it is refused', async () => {
  await expectUsageError(
    program,
    [...RUN, '--latents-only'],
    'a run of --latents-only leaves its latents and nothing else',
  );
  for (const [option, ...value] of [
    ['--out', 'x.mp4'],
    ['--preview', 'q.mp4'],
    ['--decode', 'after'],
    ['--decoder', 'full'],
  ]) {
    const message = `--latents-only makes no pictures, and ${option} is for some`;
    await expectUsageError(program, [...RUN, ...LATENTS, option, ...value], message);
  }
});
