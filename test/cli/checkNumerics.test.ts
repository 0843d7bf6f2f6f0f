import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useProgram } from './program.js';

const program = useProgram();

const SMALL = ['--frames', '9', '--width', '16', '--height', '16', '--steps', '1000', '--latents-only'];
const RUN = ['generate', 'a red circle', ...SMALL];

test('--check-numerics names the launch, says that it is slow, and changes nothing', async () => {
  const first = await program.run([...RUN, '--save-latents', 'a.safetensors', '--save-noise', 'noise.safetensors']);
  expect(first.status).toBe(0);
  const checked = await program.run([...RUN, '--save-latents', 'b.safetensors', '--check-numerics']);
  expect(checked.stderr).toContain('note: --check-numerics looks at what every launch makes, which makes the run slow');
  expect(checked.status).toBe(0);
  expect(readFileSync(program.path('b.safetensors')).equals(readFileSync(program.path('a.safetensors')))).toBe(true);

  const noise = readFileSync(program.path('noise.safetensors'));
  const start = 8 + Number(noise.readBigUInt64LE());
  for (let at = start; at < noise.length; at += 4) noise.writeFloatLE(3e38, at); // finite, and its sums are not
  writeFileSync(program.path('noise.safetensors'), noise);
  const broken = [...RUN, '--save-latents', 'c.safetensors', '--noise', 'noise.safetensors', '--check-numerics'];
  const { status, stderr } = await program.run([...broken, '--adapter', 'interpreter,seed=0']);
  expect(stderr).toMatch(/error: Launch \d+, `linear` of .* is the first that made NaN or infinity, at \[/);
  expect(status).toBe(1);
});

test('TOKENTRIM_DEBUG has a line for each launch, below its stage', async () => {
  const run = [...RUN, '--save-latents', 'a.safetensors', '--adapter', 'reference'];
  const { status, stderr } = await program.run(run, { env: { TOKENTRIM_DEBUG: '1' } });
  expect(status).toBe(0);
  expect(stderr).toMatch(/^rollout\n {2}\S+ {2}\[.*ms\n/m);
  expect(stderr).toMatch(/^ {2}= block 0, attempt 0, step 0: \d+ launches, \d+ ms$/m);
});
