import { type Command, Option } from 'commander';
import { ADAPTER_HELP, decimal, FORCE_HELP, path } from './options.js';
import { PROGRESS_FORMS } from './output.js';
import { type ReproduceFlags, runReproduce } from './runReproduce.js';

/** `tokentrim reproduce`. */
export function addReproduceCommand(program: Command): void {
  program
    .command('reproduce')
    .description('make a video again from what it says of itself, and say whether it comes out the same')
    .argument('<video>', 'a video, a folder of its frames, or the JSON of --sidecar', path)
    .option('-o, --out <path>', 'keep what is made (default: it is compared and removed)', path)
    .option('-m, --model <folder>', 'the model, where it lies elsewhere than the video says, or it does not say', path)
    .option('--checkpoint <file>', 'its transformer', path)
    .option('--section <name>', 'of a training checkpoint')
    .option('--vae <file>', 'its VAE', path)
    .option('--text-encoder <file>', 'its text encoder', path)
    .option('--tokenizer <file>', 'its tokenizer', path)
    .option('-i, --image <file>', 'the picture that the video begins with', path)
    .option('--video <file>', 'the video that it continues', path)
    .option('--noise <file>', 'the recorded noise that it was made of', path)
    .option('--adapter <name>', ADAPTER_HELP)
    .option(
      '--gpu-memory <gb>',
      'memory to plan with',
      decimal('above 0', (value) => value > 0),
    )
    .option('--force', FORCE_HELP)
    .option('--json', 'print one JSON object in the place of the words')
    .addOption(
      new Option('--progress <form>', 'how progress is told on standard error').choices(PROGRESS_FORMS).default('auto'),
    )
    .addHelpText(
      'after',
      '\nExit status 0: the same, or apart by no more than rounding on another adapter or version; 1: another video, or none.',
    )
    .action((video: string, flags: ReproduceFlags) => runReproduce(video, flags));
}
