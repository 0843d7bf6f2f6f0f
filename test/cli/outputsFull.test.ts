import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readVideo } from '../media/support/readVideo.js';
import { useProgram } from './program.js';
import { useSmallDisks } from './smallDisks.js';

// Disks that are really full.

const program = useProgram();
const { disk, canMount } = useSmallDisks(program);

const PROMPT = 'a red circle bounces left and right on a navy background';
const SMALL = ['--steps', '1000', '--width', '32', '--height', '32', '--no-trim'];

test.runIf(canMount)('a video: the message says what became of it, and that plays', async () => {
  const place = disk('small', '24k');
  const { status, stderr } = await program.run([
    'generate',
    PROMPT,
    ...SMALL,
    '--frames',
    '401',
    '--out',
    'small/video.mp4',
  ]);
  expect(stderr).toMatch(
    /^error: Writing small\/video\.mp4 stopped at frame \d+: the disk is full; small\/video\.partial\.mp4 holds what was written before, and can be watched\./m,
  );
  expect(stderr.match(/^error:/gm)).toHaveLength(1);
  expect(status).toBe(1);
  expect(readdirSync(place)).toEqual(['video.partial.mp4']);
  expect((await readVideo(join(place, 'video.partial.mp4'), { decode: true })).pictures.length).toBeGreaterThanOrEqual(
    8,
  );
});

test.runIf(canMount)('recordings and frames', async () => {
  const place = disk('small', '64k');
  const run = (...args: string[]) => program.run(['generate', PROMPT, ...SMALL, ...args]);
  const frames = await run('--frames', '81', '--out', 'small/frames');
  expect(frames.stderr).toMatch(
    /^error: Writing small\/frames stopped at frame \d+: the disk is full; small\/frames holds/m,
  );
  expect(readdirSync(join(place, 'frames')).every((name) => /^frame-\d{5}\.png$/.test(name))).toBe(true);
  execFileSync('rm', ['-r', join(place, 'frames')]);

  const noise = await run('--frames', '401', '--save-noise', 'small/noise.safetensors', '--out', 'video.mp4');
  expect(noise.stderr).toMatch(/^error: Cannot write small\/noise\.safetensors: the disk is full/m);
  expect(noise.status).toBe(1);
  expect(readdirSync(place)).toEqual([]);
  expect(program.files()).toEqual(['small']);
});

test.runIf(canMount)('no room for anything is found before the run, and by --dry-run', async () => {
  const place = disk('small', '16k');
  writeFileSync(join(place, 'rest'), Buffer.alloc(4096));
  try {
    for (let index = 0; ; index++) writeFileSync(join(place, `rest${index}`), Buffer.alloc(4096));
  } catch {
    // full
  }
  const before = readdirSync(place);
  for (const dry of [['--dry-run'], []]) {
    const args = ['generate', PROMPT, ...SMALL, '--frames', '9', '--out', 'small/video.mp4', ...dry];
    const { status, stderr } = await program.run(args);
    expect(stderr).toMatch(/^error: Cannot write small\/video\.mp4: the disk is full/m);
    expect(status).toBe(1);
    expect(readdirSync(place)).toEqual(before);
  }
});

test.runIf(canMount)('under the cache: the run goes on, and says which disk is full', async () => {
  const place = disk('small', '16k');
  mkdirSync(join(place, 'tokentrim'));
  writeFileSync(join(place, 'rest'), Buffer.alloc(8192));
  const args = ['generate', PROMPT, ...SMALL, '--frames', '9', '--out', 'video.mp4', '--kernels', 'plain'];
  const { status, stderr } = await program.run(args, { env: { XDG_CACHE_HOME: place } });
  expect(stderr).toMatch(/the disk that holds \S*small\/tokentrim\/prompt-embeddings is full/);
  expect(stderr).not.toMatch(/dtype/);
  expect(status).toBe(0);
  expect((await readVideo(program.path('video.mp4'))).timestamps).toHaveLength(9);
});
