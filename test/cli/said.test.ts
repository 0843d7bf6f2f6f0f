import { expect, test } from 'vitest';
import { useProgram } from './program.js';

const program = useProgram();

const RUN = ['generate', '-p', 'a red circle', '-W', '16', '-H', '16', '--num_frames', '9', '--steps', '1000'];

test('--quiet: nothing but the video', async () => {
  const ended = await program.run([...RUN, '--quiet', '--output', 'quiet.mp4']);
  expect(ended).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(program.files()).toEqual(['quiet.mp4']);

  const refused = await program.run([...RUN, '--quiet', '--model', 'nowhere']);
  expect(refused.stderr).toMatch(/^error: nowhere: expected a model folder, found nothing\..*\n$/);
  expect(refused.status).toBe(1);
});

test('--verbose: the plan and every stage; a seed that was drawn is said before and after', async () => {
  const { status, stderr } = await program.run([...RUN, '--verbose', '--seed', 'random']);
  const [, seed] = /^note: the seed is (\d+), drawn at random$/m.exec(stderr) ?? [];
  expect(stderr).toMatch(new RegExp(`^noise {4}of seed ${seed}$`, 'm'));
  expect(stderr).toMatch(new RegExp(`^video\\.mp4: 9 frames .*, seed ${seed}`, 'm'));
  for (const stage of ['text encoder', 'weights', 'rollout']) {
    expect(stderr).toMatch(
      new RegExp(`^${stage}: [\\d.]+ s; \\d+ kernels made.* on the device, .* at most so far$`, 'm'),
    );
  }
  expect(status).toBe(0);
});

test('help: for a command by both ways, and for one that is not there', async () => {
  const [direct, asked] = [await program.run(['convert', '--help']), await program.run(['help', 'convert'])];
  expect(direct).toMatchObject({ status: 0, stderr: '', stdout: asked.stdout });
  const unknown = await program.run(['help', 'nonsense']);
  expect(unknown).toMatchObject({ status: 2, stdout: '' });
  expect(unknown.stderr).toContain("unknown command 'nonsense'");
  const long = (await program.run(['generate', '--help'])).stdout;
  expect(long.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(long.indexOf('The ten that matter first:')).toBeLessThan(long.indexOf('Sampling:'));
});
