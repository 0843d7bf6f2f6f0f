import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { useProgram } from './program.js';

const program = useProgram();

const TINY = resolve(import.meta.dirname, '../fixtures/parity/tiny-vae/weights.safetensors');
const RUN = ['generate', 'a red circle', '--frames', '9', '--width', '16', '--height', '16', '--steps', '1000'];

test('a preview is a video of its own, and the full decoder makes the other', async () => {
  const { status, stdout } = await program.run([...RUN, '--vae', TINY, '--preview', 'quick.mp4', '--json']);
  expect(status).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ frames: 9, settings: { decoder: 'full', decode: 'after', preview: 'quick.mp4' } });
  expect(report.plan).not.toHaveProperty('preview');
  expect(program.files().sort()).toEqual(['quick.mp4', 'video.mp4']);
});

test('what does not go together is refused', async () => {
  const refused = async (...options: string[]) => (await program.run([...RUN, ...options])).stderr;
  expect(await refused('--decoder', 'tiny')).toContain('there is no tiny VAE for --decoder tiny: give one as --vae');
  expect(await refused('--preview', 'quick.mkv')).toContain('--preview is a video');
  expect(await refused('--preview', 'q.mp4', '--decoder', 'tiny')).toContain('leave one of them out');
  expect(await refused('--preview', 'video.mp4', '--vae', TINY)).toContain('--preview and --out are the same file');
  expect(await refused('--preview', join('none', 'q.mp4'), '--vae', TINY)).toContain('does not exist');
  expect(program.files()).toEqual([]);
});
