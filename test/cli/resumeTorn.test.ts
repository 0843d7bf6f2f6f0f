import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SMALL_RUN, useProgram } from './program.js';

// What a loss of power may leave: a file of a state, or the video, that is empty, cut, or whose end is something else. The same
// command goes on or begins again, says so, and makes the same bytes; never other ones.

const program = useProgram();

const outputs = (name: string) => ['--out', `${name}.mp4`, '--save-latents', `${name}.safetensors`];
const read = (name: string) => readFileSync(program.path(name));

/** How a file of some length ends badly. */
const TEARS: Readonly<Record<string, (whole: Buffer) => Buffer>> = {
  empty: () => Buffer.alloc(0),
  'cut in half': (whole) => whole.subarray(0, whole.length >> 1),
  'without its last byte': (whole) => whole.subarray(0, -1),
  'ends in what was on the disk before': (whole) => {
    const at = whole.length - Math.min(40, whole.length >> 1);
    return Buffer.concat([whole.subarray(0, at), Buffer.alloc(whole.length - at, 0xa5)]);
  },
};

/** Which files of what was left are torn, and how; every file and tear of a state: pipelines/resume/torn.test.ts. */
const CASES: readonly (readonly [files: RegExp, tear: string])[] = [
  [/^state\/run$/, 'without its last byte'],
  [/^state\/blocks$/, 'cut in half'],
  [/^state\/note$/, 'ends in what was on the disk before'],
  [/^state\/state-/, 'cut in half'],
  [/^state\/rows-/, 'ends in what was on the disk before'],
  [/^state\//, 'ends in what was on the disk before'],
  [/\.partial\.mp4$/, 'without its last byte'],
  [/\.partial\.mp4$/, 'ends in what was on the disk before'],
];

test('any file of a state torn anywhere: the same bytes, or the run begins again and says so', async () => {
  await program.run([...SMALL_RUN, ...outputs('whole'), '--no-resume']);
  const command = [...SMALL_RUN, ...outputs('video'), '--resume', 'state'];
  let isDue = true;
  await program.run([...command, '--progress', 'json'], {
    onStderr(stderr, kill) {
      if (!isDue || (stderr.match(/"event":"block"/g)?.length ?? 0) < 3) return;
      isDue = false;
      kill('SIGKILL');
    },
  });
  const left = program.files().filter((name) => !/(^|\/)\./.test(name));
  expect(left).toEqual(expect.arrayContaining(['state/run', 'state/note', 'state/blocks', 'video.partial.mp4']));
  const kept = program.path('../kept');
  cpSync(program.folder, kept, { recursive: true });
  for (const [which, tear] of CASES) {
    rmSync(program.folder, { recursive: true });
    cpSync(kept, program.folder, { recursive: true });
    const files = left.filter((name) => which.test(name));
    expect(files, `${which}`).not.toEqual([]);
    for (const name of files) writeFileSync(program.path(name), TEARS[tear](read(name)));
    const { status, stderr } = await program.run([...command, '--progress', 'lines']);
    const what = `${files.join(', ')}: ${tear}`;
    expect(status, `${what}: ${stderr}`).toBe(0);
    for (const end of ['mp4', 'safetensors']) {
      expect(read(`video.${end}`).equals(read(`whole.${end}`)), `${what}: ${end}`).toBe(true);
    }
    expect(stderr, what).toMatch(/going on after|is damaged: the run begins again/);
  }
});
