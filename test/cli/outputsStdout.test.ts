import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readVideo } from '../media/support/readVideo.js';
import { useProgram } from './program.js';

const program = useProgram();

const TINY = ['--frames', '33', '--steps', '1000', '--width', '16', '--height', '16', '--no-trim'];
const generate = (...args: string[]) => ['generate', 'a red circle', ...TINY, '--out', '-', ...args];

test('--out - is the video and nothing else, the same as in a file', async () => {
  const { status, output, stderr } = await program.run(generate());
  expect(stderr).toMatch(/^standard output: 33 frames of 16x16/m);
  expect(status).toBe(0);
  expect(program.files()).toEqual([]);
  writeFileSync(program.path('piped.mp4'), output);
  const { timestamps, pictures } = await readVideo(program.path('piped.mp4'), { decode: true });
  expect([timestamps.length, pictures.length]).toEqual([33, 33]);
  await program.run(['generate', 'a red circle', ...TINY, '--out', 'file.mp4']);
  expect(output.equals(readFileSync(program.path('file.mp4')))).toBe(true);
});

test('a file of the shell takes it as well; one that the run reads is refused', async () => {
  const file = openSync(program.path('shell.mp4'), 'w');
  expect((await program.run(generate(), { stdout: file })).status).toBe(0);
  closeSync(file);
  expect((await readVideo(program.path('shell.mp4'))).timestamps).toHaveLength(33);

  writeFileSync(program.path('prompts.txt'), '0: a red circle');
  const prompts = openSync(program.path('prompts.txt'), 'a');
  const args = ['generate', '--prompts-at', 'prompts.txt', ...TINY, '--out', '-'];
  const { status, stderr } = await program.run(args, { stdout: prompts });
  closeSync(prompts);
  expect(stderr).toContain('standard output and --prompts-at are the same file');
  expect(status).toBe(1);
  expect(readFileSync(program.path('prompts.txt'), 'utf8')).toBe('0: a red circle');
});

test('with --json, which wants standard output too, it is refused as wrong usage', async () => {
  const { status, stdout, stderr } = await program.run(generate('--json'));
  expect(stderr).toMatch(/^error: --out - and --json both want standard output/m);
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'failed', frames: 0 }); // and no video
});

test('a reader that goes away ends the run with one message', async () => {
  const { status, stderr } = await program.run(generate('--frames', '161'), { closeStdout: true });
  expect(stderr.match(/^error: .*/gm)).toEqual([
    'error: the reader of standard output went away, so the video ends there',
  ]);
  expect(status).toBe(1);
});

test.runIf(process.platform === 'linux')('a full disk behind it is an error', async () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = await program.run(generate(), { stdout: full });
  closeSync(full);
  expect(stderr).toMatch(/^error: Cannot write standard output: the disk is full/m);
  expect(status).toBe(1);
});
