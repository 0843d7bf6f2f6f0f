import { execFileSync } from 'node:child_process';
import { cpSync, linkSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { readVideo } from '../media/support/readVideo.js';
import { expectRefusal as refusal, useProgram } from './program.js';

const program = useProgram();

const TINY = ['--frames', '9', '--steps', '1000', '--width', '16', '--height', '16', '--no-trim'];
const generate = (...args: string[]) => ['generate', 'a red circle', ...TINY, ...args];

/** The run refuses it, and so does its plan; both leave nothing. */
async function expectRefusal(args: string[], message: string): Promise<void> {
  const status = message.endsWith('and --out are the same file') ? 2 : 1; // which the command line alone tells
  await refusal(program, [...args, '--dry-run'], message, undefined, status);
  await refusal(program, args, message, undefined, status);
}

async function picture(name: string): Promise<void> {
  await sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } }).toFile(program.path(name));
}

async function run(...args: string[]): Promise<void> {
  const { status, stderr } = await program.run(generate(...args));
  expect([status, stderr.match(/^error:.*/m)]).toEqual([0, null]);
}

test('nothing that belongs to the model is written over, by any of its names', async () => {
  cpSync(toyWorld, program.path('model'), { recursive: true });
  symlinkSync('model', program.path('linked'));
  linkSync(program.path('model/tokenizer.json'), program.path('hard.json'));
  symlinkSync('model/config.json', program.path('soft.safetensors'));
  for (const file of [
    'model/config.json',
    'model/vae.safetensors',
    'linked/text_encoder.safetensors',
    'hard.json',
    'soft.safetensors',
  ]) {
    await refusal(
      program,
      generate('--model', 'model', '--save-latents', file, '--force'),
      'and the model are the same file',
    );
  }
  for (const folder of ['model', 'model/', 'linked/', './model/../model/']) {
    await refusal(program, generate('--model', 'model', '--out', folder, '--force'), 'are the same folder');
  }
});

test('nor what a video begins with, prompts or noise; a plan says so too', async () => {
  for (const folder of ['frames', 'pictures', 'waiting', 'waiting/partial']) mkdirSync(program.path(folder));
  await picture('frames/frame-00000.png');
  await picture('frames/frame-00042.png');
  await picture('pictures/a.png');
  await picture('waiting/partial/frame-00000.png');
  writeFileSync(program.path('prompts.txt'), '0: a red circle');
  const prompts = ['generate', '--prompts-at', 'prompts.txt', ...TINY];
  for (const [args, message] of [
    [
      generate('--image', 'frames/frame-00000.png', '--out', 'frames/'),
      'would replace frames/frame-00000.png, which is read by way of --image',
    ],
    [generate('--image', 'frames/frame-00042.png', '--out', 'frames'), 'would replace frames/frame-00042.png'],
    [
      generate('--image', 'waiting/partial/frame-00000.png', '--out', 'waiting'),
      'would replace waiting/partial/frame-00000.png',
    ],
    [generate('--video', 'pictures', '--out', 'pictures/'), '--out and --video are the same folder'],
    [generate('--video', 'pictures', '--save-noise', 'pictures/a.png'), '--save-noise and --video are the same file'],
    [[...prompts, '--save-latents', './prompts.txt'], '--save-latents and --prompts-at are the same file'],
    [generate('--save-latents', 'video.mp4'), '--save-latents and --out are the same file'],
    [generate('--save-latents', 'video.partial.mp4'), '--save-latents and --out are the same file'],
    [generate('--out', 'new/', '--save-latents', 'new'), '--save-latents and --out are the same file'],
  ] as const) {
    await expectRefusal([...args, '--force'], message);
  }
  // A video that a killed run left lies where the next one would.
  await run('--out', 'video.mp4');
  renameSync(program.path('video.mp4'), program.path('video.partial.mp4'));
  await expectRefusal(
    generate('--video', 'video.partial.mp4', '--frames', '21'),
    '--out and --video are the same file',
  );
  // The same folder is fine where nothing of it is touched.
  await run('--image', 'pictures/a.png', '--out', 'pictures/video.mp4', '--frames', '13');
});

test('what this program did not write stays, unless --force says otherwise', async () => {
  writeFileSync(program.path('video.mp4'), 'mine');
  writeFileSync(program.path('thesis.docx'), 'mine');
  mkdirSync(program.path('frames'));
  await picture('frames/frame-00007.png');
  await picture('frames/cat.png');
  await expectRefusal(generate(), 'Cannot write video.mp4: it is there already, and this program did not write it.');
  await expectRefusal(
    generate('--out', 'a.mp4', '--save-latents', 'thesis.docx'),
    'Choose another --save-latents, or replace it with --force.',
  );
  await expectRefusal(generate('--out', 'frames'), 'it holds frame-00007.png, which this program did not write');
  await run('--force');
  expect((await readVideo(program.path('video.mp4'))).timestamps).toHaveLength(9);
  await run('--out', 'frames', '--force');
  expect(program.files().filter((name) => name.startsWith('frames/'))).toEqual([
    'frames/cat.png',
    ...Array.from({ length: 9 }, (_, index) => `frames/frame-0000${index}.png`),
  ]);
});

test('what it wrote is replaced by the finished output', async () => {
  const outputs = ['--out', 'video.mp4', '--save-latents', 'latents.safetensors', '--save-noise', 'noise.safetensors'];
  const names = ['latents.safetensors', 'noise.safetensors', 'video.mp4'];
  const bytes = () => names.map((name) => readFileSync(program.path(name)).toString('base64'));
  await run(...outputs);
  const first = bytes();
  await run(...outputs, '--dry-run');
  expect(bytes()).toEqual(first);
  await run(...outputs, '--seed', '1');
  expect(bytes().some((now, index) => now === first[index])).toBe(false);
  await run(...outputs);
  expect(bytes()).toEqual(first);
  expect(program.files()).toEqual(names);

  await run('--out', 'frames/', '--frames', '21');
  await run('--out', 'frames/');
  expect(program.files().filter((name) => name.startsWith('frames/'))).toHaveLength(9);
});

test.runIf(process.platform === 'linux')(
  'devices, pipes, long names and links that lead nowhere are refused',
  async () => {
    execFileSync('mkfifo', [program.path('pipe.mp4'), program.path('pipe')]);
    symlinkSync('/dev/full', program.path('full.mp4'));
    symlinkSync('nowhere/else/latents', program.path('dangling'));
    symlinkSync('circle', program.path('circle'));
    mkdirSync(program.path('folder'));
    for (const [args, message] of [
      [['--out', 'pipe.mp4'], 'it is a named pipe, not a plain file'],
      [['--save-latents', 'pipe'], 'it is a named pipe, not a plain file'],
      [['--out', 'full.mp4'], 'it is a device, not a plain file'],
      [['--save-noise', '/dev/stdout'], 'not a plain file'],
      [['--save-latents', 'dangling'], 'Cannot write dangling: its folder does not exist'],
      [['--save-latents', 'circle'], 'its links lead in a circle'],
      [['--save-latents', 'folder'], 'it is a folder, not a file'],
      [['--save-latents', 'folder/'], 'this is the name of a folder, and a file is to be written'],
      [['--out', `${'x'.repeat(252)}.mp4`], 'its name is too long'],
      [['--out', '/proc/frames/'], 'cannot be made'],
      [['--out', 'video.avi'], '.avi is not a known output'],
    ] as const) {
      await expectRefusal(generate(...args, '--force'), message);
    }
  },
);

test('names of any letters and of the greatest length; a link is followed and stays', async () => {
  const names = ['a b/\u00e9\u6f22\u5b57\n\'"$(x).mp4', `${'\u6f22'.repeat(83)}.mp4`];
  for (const name of names) {
    await run('--out', name);
    expect((await readVideo(program.path(name))).timestamps).toHaveLength(9);
  }
  mkdirSync(program.path('real'));
  symlinkSync('real/video.mp4', program.path('link.mp4'));
  await run('--out', 'link.mp4');
  await run('--out', 'link.mp4');
  expect((await readVideo(program.path('real/video.mp4'))).timestamps).toHaveLength(9);
  expect(program.files().filter((name) => /lock|partial/.test(name))).toEqual([]);
});

test('one output, two runs: the second is refused at once and names the first', async () => {
  const long = ['--frames', '801', '--steps', '1000,500'];
  for (const outputs of [
    ['--out', 'video.mp4'],
    ['--out', 'frames/'],
    ['--out', 'v.mp4', '--save-latents', 'l'],
  ]) {
    let refused: Promise<void> | undefined;
    const { status } = await program.run([...generate(...outputs), ...long], {
      onStderr: (text, kill, pid) => {
        if (!text.includes('10%') || refused) return;
        const mine = outputs.includes('l') ? ['--out', 'other.mp4', '--save-latents', 'l'] : outputs;
        refused = (async () => {
          for (const dry of [['--dry-run'], []]) {
            const second = await program.run([...generate(...mine), ...dry]);
            expect(second.stderr).toContain(`another run (process ${pid}) is writing it`);
            expect(second.status).toBe(1);
          }
        })().finally(() => kill('SIGKILL'));
      },
    });
    expect(status).toBeNull();
    await refused;
    await run(...outputs); // the first one is gone
    expect(program.files().filter((name) => /lock|partial/.test(name))).toEqual([]);
  }
});

test('locks of runs that are gone do not block; what is no lock is not removed', async () => {
  const lock = (fields: object) =>
    writeFileSync(
      program.path('.video.mp4.lock'),
      JSON.stringify({
        program: 'tokentrim',
        pid: process.pid,
        started: '',
        host: hostname(),
        boot: '',
        space: '',
        ...fields,
      }),
    );
  lock({}); // the machine was started anew
  await run();
  writeFileSync(program.path('.video.mp4.lock'), ''); // killed while it was written
  await run();
  lock({ host: 'another-machine' });
  await refusal(program, generate(), `another run (process ${process.pid} on another-machine) is writing it`);
  writeFileSync(program.path('.video.mp4.lock'), 'mine');
  await refusal(program, generate(), '.video.mp4.lock is in the way');
});
