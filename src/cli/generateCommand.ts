import { type Command, Option } from 'commander';
import { PRESETS } from '../pipelines/plan.js';
import { TOKENTRIM_DEFAULTS } from '../tokentrim/tokenTrim.js';
import { toyWorld } from '../weights/toyWorld.js';
import type { GenerateFlags } from './generateFlags.js';
import { ADAPTER_HELP, decimal, path, seed, steps, wholeNumber } from './options.js';
import { runGenerate } from './runGenerate.js';

export function addGenerateCommand(program: Command): void {
  const trim = TOKENTRIM_DEFAULTS;
  program
    .command('generate')
    .description('make a video from a prompt')
    .argument('<prompt>', 'what to show')
    .addOption(new Option('--preset <name>', 'how blocks are generated').choices(PRESETS).default(PRESETS[0]))
    .addOption(
      new Option('--model <folder>', 'model folder (see weights/README.md)')
        .argParser(path)
        .default(toyWorld, 'the toy world that comes with this program'),
    )
    .option('--out <path>', 'an .mp4, or a folder for PNG frames', path, 'video.mp4')
    .option('--frames <n>', 'pixel frames: 9, 21, 33, ... with blocks of 3 latent frames (default: 81)', wholeNumber(1))
    .option('--width <px>', "width (default: the model's)", wholeNumber(1))
    .option('--height <px>', "height (default: the model's)", wholeNumber(1))
    .option(
      '--fps <n>',
      "frames a second (default: the model's)",
      decimal('above 0 and up to 1000', (v) => v > 0 && v <= 1000),
    )
    .option('--seed <n>', 'seed of the noise; the same seed gives the same video on the same adapter', seed, '0')
    .option('--steps <list>', 'denoising steps from 1000 down, such as 1000,750,500,250', steps)
    .option(
      '--shift <x>',
      'timestep shift of the noise schedule',
      decimal('above 0 and up to 1000', (v) => v > 0 && v <= 1000),
    )
    .option('--window <n>', 'latent frames that attention spans, the block included', wholeNumber(1))
    .option('--sink <n>', 'latent frames at the start that never leave the window', wholeNumber(0))
    .option('--block-frames <n>', 'latent frames generated together', wholeNumber(1))
    .option(
      '--context-noise <t>',
      'timestep at which blocks enter the cache',
      decimal('from 0 to 1000', (v) => v >= 0 && v <= 1000),
    )
    .option('--no-trim', 'without TokenTrim: accept every block as it comes')
    .option(
      '--trim-fraction <p>',
      'share of tokens that counts as unstable',
      decimal('above 0 and up to 1', (v) => v > 0 && v <= 1),
      trim.fraction,
    )
    .option(
      '--trim-sensitivity <x>',
      'standard deviations above the mean that are abnormal',
      decimal('of 0 or more', (v) => v >= 0),
      trim.sensitivity,
    )
    .option('--trim-warmup <n>', 'blocks that are only watched', wholeNumber(0), trim.warmup)
    .addOption(
      new Option('--trim-check <when>', 'check finished blocks or their first denoising step')
        .choices(['final', 'first-step'])
        .default(trim.check),
    )
    .option('--trim-attempts <n>', 'times that a block may be generated again', wholeNumber(0), trim.maxRegenerations)
    .option('--noise <file>', 'read the noise from a safetensors file (noise, renoise.000, ...)', path)
    .option('--save-noise <file>', 'write the noise that was used, for --noise or for PyTorch', path)
    .option('--save-latents <file>', 'write latents [1, frames, channels, height, width] as safetensors', path)
    .option('--adapter <name>', ADAPTER_HELP)
    .addOption(
      new Option('--dtype <type>', 'how weights are held').choices(['auto', 'f32', 'bf16', 'f16']).default('auto'),
    )
    .option('--profile', 'time every kernel and print the table to standard error')
    .option('--json', 'print one JSON object on standard output at the end')
    .action((prompt: string, flags: GenerateFlags) => runGenerate(prompt, flags));
}
