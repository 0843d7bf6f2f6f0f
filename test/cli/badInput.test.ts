import { cpSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toyWorld } from '../../src/weights/toyWorld.js';
import { writeSafetensors } from '../../src/weights/writeSafetensors.js';
import { useProgram } from './program.js';

const program = useProgram();

const generate = (...args: string[]) => ['generate', 'a red circle', '--frames', '9', ...args];

/** One message, a non-zero status, no stack, and nothing left behind that was not there. */
async function expectRefusal(args: string[], message: string, env?: NodeJS.ProcessEnv): Promise<void> {
  const before = program.files();
  const { status, stdout, stderr } = await program.run(args, { env });
  expect(stderr).toContain(message);
  expect(stderr.match(/^error:/gm)).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
  expect(stdout).toBe('');
  expect(status).toBe(1);
  expect(program.files()).toEqual(before);
}

test.each([
  ['--frames 10', 'use --frames 9 or 21'],
  ['--frames 0', 'expected a whole number of at least 1, found "0"'],
  ['--frames -9', 'expected a whole number of at least 1, found "-9"'],
  ['--frames 100000000001', 'a run makes 1000000 frames at most'],
  ['--width 72', 'the width must be a multiple of 16 pixels'],
  ['--height 100000000000000', 'the height can be 1000000 pixels at most'],
  ['--steps 500,750', 'expected falling whole numbers'],
  ['--window 2', 'must hold a block of 3 beside the sink of 0: use --window 3 or more'],
  ['--window 6 --sink 6', 'use --window 9 or more, or a smaller --sink'],
  ['--preset rolling-forcing --sink 2', '--sink must be 3 (or 0 for none), found 2'],
  ['--preset rolling-forcing --window 12', 'a multiple of 3 and at least 18, found 12'],
  ['--trim-fraction 1.5', 'expected a number above 0 and up to 1, found "1.5"'],
  ['--trim-sensitivity -1', 'expected a number of 0 or more'],
  ['--nonsense', "unknown option '--nonsense'"],
  ['--model nowhere', 'nowhere: expected a model folder, found nothing'],
  ['--noise nowhere.safetensors', 'nowhere.safetensors: could not be opened (ENOENT)'],
  ['--save-latents same --save-noise ./same', '--save-noise and --save-latents are the same file'],
])('generate %s', (options, message) => expectRefusal(generate(...options.split(' ')), message));

test('an empty prompt, and none', async () => {
  await expectRefusal(['generate', ' '], 'the prompt is empty');
  await expectRefusal(['generate'], "missing required argument 'prompt'");
});

test('no adapter: an unknown name, and a machine whose drivers are gone', async () => {
  await expectRefusal(generate('--adapter', 'voodoo'), 'No WebGPU adapter that works here answers to "voodoo".');
  const env = { VK_DRIVER_FILES: program.path('no-driver.json'), TOKENTRIM_ADAPTER: 'gpu' };
  if (process.platform === 'linux') await expectRefusal(generate(), 'A graphics card was asked for', env);
});

test('more memory than the adapter or the machine has', async () => {
  const size = ['--width', '1000000', '--height', '1000000'];
  await expectRefusal(generate(...size), 'binds at most');
  await expectRefusal(generate(...size, '--adapter', 'reference'), 'this machine has');
});

test('outputs that cannot be written', async () => {
  writeFileSync(program.path('file'), 'mine');
  mkdirSync(program.path('folder.mp4'));
  await expectRefusal(generate('--out', 'folder.mp4'), 'it is a folder, not a file');
  await expectRefusal(generate('--out', 'file/video.mp4'), 'part of the path is a file, not a folder');
  await expectRefusal(generate('--save-latents', 'none/latents.safetensors'), 'its folder does not exist');
  await expectRefusal(generate('--save-noise', 'folder.mp4'), 'it is a folder');
  await expectRefusal(generate('--save-latents', ''), 'expected a path, found nothing');
  expect(readFileSync(program.path('file'), 'utf8')).toBe('mine');
});

test('an output that would overwrite the model or the noise, through a link as well', async () => {
  cpSync(toyWorld, program.path('model'), { recursive: true });
  const weights = 'model/transformer.safetensors';
  await expectRefusal(generate('--model', 'model', '--save-latents', weights), '--save-latents and the model');
  await saveNoise(9, 3);
  symlinkSync('noise.safetensors', program.path('link'));
  await expectRefusal(generate('--noise', 'noise.safetensors', '--save-noise', 'link'), '--save-noise and --noise');
});

test('a model folder that is incomplete, damaged or another model', async () => {
  cpSync(toyWorld, program.path('model'), { recursive: true });
  const broken = generate('--model', 'model');
  truncateSync(program.path('model/vae.safetensors'), 100_000);
  await expectRefusal(broken, 'The file is cut short');
  cpSync(program.path('model/transformer.safetensors'), program.path('model/vae.safetensors'));
  await expectRefusal(broken, 'expected the tensors of a Wan2.1 vae, found those of a transformer');
  const config = JSON.parse(readFileSync(program.path('model/config.json'), 'utf8'));
  config.transformer.num_layers++;
  writeFileSync(program.path('model/config.json'), JSON.stringify(config));
  cpSync(`${toyWorld}/vae.safetensors`, program.path('model/vae.safetensors'));
  await expectRefusal(broken, '27 missing: "blocks.6.modulation"');
});

test('noise that is too short, of another size, or no noise', async () => {
  const withNoise = (...args: string[]) => generate('--noise', 'noise.safetensors', ...args);
  await saveNoise(3, 2);
  await expectRefusal(withNoise(), 'this run makes 3 re-noising draws, but there is no renoise.002');
  await expectRefusal(withNoise('--frames', '21'), 'noise has 3 latent frames, this run needs 6');
  await expectRefusal(withNoise('--width', '32'), 'this run needs floats of [..., 16, 8, 4]');
  await writeSafetensors(
    program.path('noise.safetensors'),
    new Map([['latents', { dtype: 'F32', shape: [1], data: new Float32Array(1) }]]),
  );
  await expectRefusal(withNoise(), 'expected a tensor "noise" [1, frames, channels, height, width], found none');
});

/** A recording for 64x64 pixels: zeros. */
async function saveNoise(frames: number, draws: number): Promise<void> {
  const tensor = (...shape: number[]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { dtype: 'F32', shape, data: new Float32Array(count) } as const;
  };
  const tensors = new Map([['noise', tensor(1, frames, 16, 8, 8)]]);
  for (let draw = 0; draw < draws; draw++) tensors.set(`renoise.00${draw}`, tensor(3, 16, 8, 8));
  await writeSafetensors(program.path('noise.safetensors'), tensors);
}
