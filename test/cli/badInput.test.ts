import { cpSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import { expectUsageError, expectRefusal as refusal, useProgram } from './program.js';

const program = useProgram();

const generate = (...args: string[]) => ['generate', 'a red circle', '--frames', '9', ...args];

const expectRefusal = (args: string[], message: string, env?: NodeJS.ProcessEnv) =>
  refusal(program, args, message, env);

const expectUsage = (args: string[], message: string) => expectUsageError(program, args, message);

test.each([
  ['--frames 0', 'expected a whole number of at least 1, found "0"'],
  ['--frames -9', 'expected a whole number of at least 1, found "-9"'],
  ['--frames 100000000001', 'a run makes 1000000 frames at most'],
  ['--width 72', 'the width must be a multiple of 16 pixels'],
  ['--height 100000000000000', 'the height can be 1000000 pixels at most'],
  ['--steps 500,750', 'expected falling whole numbers'],
  ['--window 2', 'must hold a block of 3 beside the sink of 0: use --window 3 or more'],
  ['--window 6 --sink 6', 'use --window 9 or more, or a smaller --sink'],
  ['--steps 50', '--steps of self-forcing are timesteps that fall from 1000'],
  ['--guidance 3', '--guidance is an option of --preset wan'],
  ['--solver unipc', '--solver is an option of --preset wan'],
  ['--solver euler', 'Allowed choices are unipc, dpm++'],
  ['--negative-prompt ugly', '--negative-prompt is an option of --preset wan'],
  ['--no-trim --trim-warmup 3', '--trim-warmup says how TokenTrim works, and --no-trim turns it off'],
  ['--gpu-memory 0', 'expected a number above 0, found "0"'],
  ['--decode never', 'Allowed choices are auto, during, after'],
  ['--preset flux', 'Allowed choices are self-forcing, rolling-forcing, wan'],
  ['--preset wan --steps 1000,500', '--preset wan takes a number of --steps, such as 50, found a list'],
  ['--preset wan --guidance 1001', 'expected a number from 0 to 1000'],
  ['--preset wan --guidance 1 --negative-prompt ugly', '--negative-prompt has no meaning with --guidance 1'],
  ['--preset wan --decode during', '--decode during has no meaning for --preset wan'],
  ['--preset wan --trim-fraction 0.2', '--trim-fraction has no meaning for --preset wan'],
  ...['window', 'sink', 'block-frames', 'context-noise'].map((option) => [
    `--preset wan --${option} 9`,
    `--${option} has no meaning for --preset wan`,
  ]),
  ['--preset rolling-forcing --sink 2', '--sink must be 3 (or 0 for none), found 2'],
  ['--preset rolling-forcing --window 12', 'a multiple of 3 and at least 18, found 12'],
  ['--trim-fraction 1.5', 'expected a number above 0 and up to 1, found "1.5"'],
  ['--trim-sensitivity -1', 'expected a number of 0 or more'],
  ['--trim-policy random', 'Allowed choices are tokentrim, adaptive, placebo, regenerate'],
  ['--trim-policy adaptive --trim-skip-first', '--trim-skip-first has no meaning for --trim-policy adaptive'],
  ['--trim-policy placebo --trim-false-alarms 0.1', '--trim-false-alarms is of --trim-policy adaptive: placebo has'],
  ['--nonsense', "unknown option '--nonsense'"],
  ['--save-latents same --save-noise ./same', '--save-noise and --save-latents are the same file'],
  ['--model hf:nobody', 'expected hf:organisation/name'],
])('usage: generate %s', (options, message) => expectUsage(generate(...options.split(' ')), message));

test.each([
  ['--gpu-memory 0.001', 'may take 1.0 MB: the least that this model can do with is'],
  ['--model nowhere', 'nowhere: expected a model folder, found nothing'],
  ['--model hf:nobody/nothing', 'hf:nobody/nothing is not in the cache'],
  ['--checkpoint nowhere.pt', 'nowhere.pt: could not be opened (ENOENT)'],
  ['--section generator', 'there is no section "generator" in it: its tensors are not in sections'],
  ['--tokenizer nowhere.json', 'nowhere.json: expected a tokenizer.json or a folder with one, found nothing'],
  ['--noise nowhere.safetensors', 'nowhere.safetensors: could not be opened (ENOENT)'],
])('generate %s', (options, message) => expectRefusal(generate(...options.split(' ')), message));

test('an empty prompt, and none', async () => {
  await expectUsage(['generate', ' '], 'the prompt is empty');
  await expectUsage(['generate'], 'there is no prompt: say what to show');
});

test('no adapter: an unknown name, and a machine whose drivers are gone', async () => {
  await expectRefusal(generate('--adapter', 'voodoo'), 'No WebGPU adapter that works here answers to "voodoo".');
  const env = { VK_DRIVER_FILES: program.path('no-driver.json'), TOKENTRIM_ADAPTER: 'gpu' };
  if (process.platform === 'linux') await expectRefusal(generate(), 'A graphics card was asked for', env);
});

test('more memory than the adapter or the machine has', async () => {
  const size = ['--width', '1000000', '--height', '1000000'];
  for (const rest of [[], ['--adapter', 'reference'], ['--adapter', 'reference', '--preset', 'wan']]) {
    await expectRefusal(generate(...size, ...rest), 'this run needs more than');
  }
  // Some adapters refuse the tensors, others have room for them and are held to a limit.
  await expectRefusal(generate('--width', '4096', '--height', '4096', '--gpu-memory', '1'), '--width');
});

test('outputs that cannot be written', async () => {
  writeFileSync(program.path('file'), 'mine');
  mkdirSync(program.path('folder.mp4'));
  await expectRefusal(generate('--out', 'folder.mp4'), 'it is a folder, not a file');
  // Where no file can be made, not even by root.
  if (process.platform === 'linux') await expectRefusal(generate('--out', '/proc/video.mp4'), 'cannot be made');
  await expectRefusal(generate('--out', 'file/video.mp4'), 'part of the path is a file, not a folder');
  await expectRefusal(generate('--save-latents', 'none/latents.safetensors'), 'its folder does not exist');
  await expectRefusal(generate('--save-noise', 'folder.mp4'), 'it is a folder');
  await expectUsage(generate('--save-latents', ''), 'expected a path, found nothing');
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
