import { type Command, Option } from 'commander';
import { KEY_TYPES } from '../kernels/rows/keyType.js';
import { DECODERS } from '../models/wan/model.js';
import { FLOWMO_BLOCKS, FLOWMO_MODES } from '../pipelines/plan/flowmoOptions.js';
import { PRESETS } from '../pipelines/plan/plan.js';
import { SOLVER_NAMES } from '../pipelines/solvers/createSolver.js';
import { FLOAT_TYPES } from '../tensor/tensor.js';
import { TRIM_DEFAULTS, TRIM_POLICIES } from '../tokentrim/trimPolicy.js';
import { addBatchOptions } from './batchOptions.js';
import { kernelsOption } from './measureKernels.js';
import { ADAPTER_HELP, decimal, FORCE_HELP, path, seed, steps, wholeNumber } from './options.js';
import { PROGRESS_FORMS } from './output.js';
import { addTrimFlags } from './trimFlags.js';
import { attentionFlag, tapFlag } from './watchFlags.js';

/** The options of `tokentrim generate` in the groups in which `--help` shows them. */
export function addGenerateOptions(command: Command): void {
  addFirstOptions(command.optionsGroup('The ten that matter first:'));
  addInputOptions(command.optionsGroup('Prompts and pictures:'));
  addModelOptions(command.optionsGroup('Parts of the model:'));
  addSamplingOptions(command.optionsGroup('Sampling:'));
  addTrimOptions(command.optionsGroup('TokenTrim:'));
  addFlowmoOptions(command.optionsGroup('FlowMo:'));
  addMachineOptions(command.optionsGroup('Machine:'));
  addOutputOptions(command.optionsGroup('Files and reports:'));
  addBatchOptions(command.optionsGroup('Many clips:'));
}

function addFirstOptions(command: Command): void {
  command
    .addOption(
      new Option('--preset <name>', 'block by block over a KV cache, or Wan2.1 itself, all frames at once')
        .choices(PRESETS)
        .default(PRESETS[0]),
    )
    .option(
      '-m, --model <folder>',
      'model folder of any published layout, or what `download` fetched: its preset, or hf:<owner>/<name> (default: the toy ' +
        'world that comes with this program)',
      path,
    )
    .option('-i, --image <file>', 'a picture that the video begins with', path)
    .option('-o, --out <path>', 'an .mp4, a folder for PNG frames, or - for standard output', path, 'video.mp4')
    .option('--frames <n>', 'frames of the video, given ones included (default: 81)', wholeNumber(1))
    .option('-W, --width <px>', "width (default: the model's)", wholeNumber(1))
    .option('-H, --height <px>', "height (default: the model's)", wholeNumber(1))
    .option(
      '-s, --seed <n>',
      'seed of the noise, or random; the same seed gives the same video on the same adapter',
      seed,
      '0',
    )
    .option('--no-trim', 'without TokenTrim: accept every block as it comes')
    .option('--dry-run', 'check everything, print the plan of the run and its memory, and stop');
}

function addInputOptions(command: Command): void {
  command
    .option('-p, --prompt <text>', 'the prompt, in the place of the argument')
    .option('-n, --negative-prompt <text>', "what --preset wan is guided away from (default: Wan2.1's own)")
    .option('--prompts-at <file>', 'prompts over time: lines such as "0: a red circle" and "5s: a blue square"', path)
    .option('--video <file>', 'a video (or a folder of pictures) that is continued', path);
}

function addModelOptions(command: Command): void {
  command
    .option('--checkpoint <file>', 'the DiT, in the place of the one in the model folder', path)
    .option('--section <name>', 'which weights of a training checkpoint (default: generator_ema, then generator)')
    .option('--vae <file>', "the VAE, in the place of the model folder's, or a tiny one such as taew2_1", path)
    .addOption(
      new Option(
        '--decoder <name>',
        "the model's own VAE, or a tiny one (default: tiny where --vae names one)",
      ).choices([...DECODERS]),
    )
    .option('--text-encoder <file>', "umT5, in the place of the model folder's", path)
    .option('--tokenizer <file>', "tokenizer.json, in the place of the model folder's", path);
}

function addSamplingOptions(command: Command): void {
  command
    .option('--steps <list>', 'denoising steps from 1000 down, such as 1000,750,500,250; for wan their number', steps)
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
    .addOption(new Option('--solver <name>', 'of --preset wan (default: unipc)').choices(SOLVER_NAMES))
    .option(
      '--guidance <x>',
      'scale of classifier-free guidance, of --preset wan; 1 is none (default: 6)',
      decimal('from 0 to 1000', (v) => v >= 0 && v <= 1000),
    )
    .option('--noise <file>', 'read the noise from a safetensors file (noise, renoise.000, ...)', path);
}

function addTrimOptions(command: Command): void {
  const trim = TRIM_DEFAULTS;
  addTrimFlags(command, TRIM_POLICIES)
    .addOption(
      new Option('--trim-check <when>', 'check finished blocks or their first denoising step')
        .choices(['final', 'first-step'])
        .default(trim.check),
    )
    .option('--trim-attempts <n>', 'times that a block may be generated again', wholeNumber(0), trim.maxRegenerations);
}

function addFlowmoOptions(command: Command): void {
  command
    .addOption(
      new Option('--flowmo <blocks>', 'steady the motion of the first block, or of each, by a gradient through the DiT')
        .choices(['off', ...FLOWMO_BLOCKS])
        .default('off'),
    )
    .option('--flowmo-steps <n>', 'denoising steps in which it acts (default: 1; for wan 12 of 50)', wholeNumber(1))
    .option(
      '--flowmo-rate <x>',
      'how far it moves every latent (default: 0.005)',
      decimal('above 0', (v) => v > 0),
    )
    .addOption(
      new Option(
        '--flowmo-mode <mode>',
        'paper: predict anew from what was moved; code: go on with the first prediction (default: paper)',
      ).choices(FLOWMO_MODES),
    )
    .option('--method-of-paper', 'all of the paper: --flowmo first-block, and TokenTrim as it is by default');
}

function addMachineOptions(command: Command): void {
  command
    .option('--adapter <name>', ADAPTER_HELP)
    .addOption(
      kernelsOption(
        'auto for what was measured to be the fastest (doctor --measure, or a run that is long enough to gain by it), else for what is expected to be',
      ),
    )
    .addOption(new Option('--dtype <type>', 'how weights are held').choices(['auto', ...FLOAT_TYPES]).default('auto'))
    .addOption(
      new Option(
        '--kv-dtype <type>',
        'how the KV cache holds keys and values; auto: f32 beside f32 weights, else f16; i8: half of f16',
      )
        .choices(['auto', ...KEY_TYPES])
        .default('auto'),
    )
    .addOption(
      new Option('--decode <when>', 'make pictures during or after the rollout (default: by memory)')
        .choices(['auto', 'during', 'after'])
        .default('auto'),
    )
    .option(
      '--gpu-memory <GB>',
      'most device memory that the run may take, in 10^9 bytes',
      decimal('above 0', (v) => v > 0),
    )
    .option('--no-prompt-cache', 'do not keep embedded prompts between runs');
}

function addOutputOptions(command: Command): void {
  command
    .option('-c, --config <file>', 'options from a JSON file, such as {"frames": 81}; those given here win', path)
    .option('--plan <file>', 'run a plan that --dry-run --json printed, or the --json of a finished run', path)
    .option(
      '--fps <n>',
      "frames a second (default: the model's)",
      decimal('above 0 and up to 1000', (v) => v > 0 && v <= 1000),
    )
    .option(
      '--preview <file>',
      'an .mp4 that the tiny VAE makes while the run goes; the full one then comes after',
      path,
    )
    .option(
      '--trace <folder>',
      'write what each block came to and why: drift, decisions, the cache, small pictures; `view` shows it',
      path,
    )
    .option('--trace-latents', "keep every block's latents in the trace")
    .option(
      '--trace-attention <what>',
      'keep what tokens attend to, such as "token=3,7 block=5 layer=0,15 step=3"; may be given again',
      attentionFlag,
    )
    .option(
      '--trace-tap <what>',
      'keep what a part of the DiT gives, such as "block15.ffn block=5 step=3"; may be given again',
      tapFlag,
    )
    .option('--report <file>', 'the same as one .html to open in a browser', path)
    .option(
      '--resume <folder>',
      'keep the state of the run there, and go on from what is there; alone, it goes on with the run that is there',
      path,
    )
    .option('--no-resume', 'keep no state; else a run of more than ten minutes does, in video.resume beside its output')
    .option('--force', FORCE_HELP)
    .option('--save-latents <file>', 'write latents [1, frames, channels, height, width] as safetensors', path)
    .option('--latents-only', 'write latents and no pictures: no VAE is loaded for them; with --save-latents')
    .option('--save-noise <file>', 'write the noise that was used, for --noise or for PyTorch', path)
    .option('--no-metadata', 'do not write prompt, seed, settings and version into the outputs, nor how they were made')
    .option('--sidecar', 'write a .json beside the video that says how it was made, for `tokentrim reproduce`')
    .option('--check-numerics', 'look at what every launch makes, and name the first that makes NaN or infinity (slow)')
    .option('--profile', 'time every kernel and print the table to standard error')
    .option('--json', 'print one JSON object on standard output at the end')
    .addOption(
      new Option('--progress <form>', 'on standard error; auto: a bar on a terminal, else lines; json: an event a line')
        .choices(PROGRESS_FORMS)
        .default('auto'),
    )
    .option('-v, --verbose', 'say more: the plan, and for each stage its time and the kernels that it compiled')
    .helpOption('-h, --help', 'show this');
}
