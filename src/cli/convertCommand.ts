import { type Command, Option } from 'commander';
import { TokenTrimError } from '../errors.js';
import type { Progress } from '../media/progress.js';
import { type ConvertOptions, convertWeights } from '../node/weights/convertWeights.js';
import { formatBytes } from '../weights/quote.js';
import { withFlags } from './flags.js';
import { OUTPUT_HELP } from './helpText.js';
import { watchInterrupt } from './interrupt.js';
import { FORCE_HELP, path } from './options.js';
import { print, show, startProgress } from './output.js';
import { ensureUsage } from './usageError.js';

interface ConvertFlags extends Pick<ConvertOptions, 'section' | 'dtype' | 'naming' | 'part' | 'force'> {
  readonly metadata: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export function addConvertCommand(program: Command): void {
  program
    .command('convert')
    .description('write weights of any published kind as one safetensors file')
    .argument('<from>', 'a .pt, .pth or .safetensors file, an index of shards, or a folder', path)
    .argument('[to]', 'the .safetensors file to write', path)
    .option('-o, --out <file>', 'the same, in the place of the argument', path)
    .option('--section <name>', 'of a training checkpoint (default: generator_ema, else generator)')
    .addOption(
      new Option('--dtype <type>', 'what floats become; keep widens 8-bit floats that have scales to bf16')
        .choices(['f32', 'bf16', 'f16', 'keep'])
        .default('keep'),
    )
    .addOption(
      new Option(
        '--naming <names>',
        "official (default), hf as in diffusers and transformers, or keep the file's",
      ).choices(['official', 'hf', 'keep']),
    )
    .addOption(new Option('--part <part>', 'of a folder with several').choices(['transformer', 'vae', 'text-encoder']))
    .option('--no-metadata', 'leave out __metadata__, for readers that take it for a tensor')
    .option('--force', FORCE_HELP)
    .option('--json', 'print one JSON object on standard output')
    .addHelpText('after', `\n${OUTPUT_HELP}`)
    .action((from: string, to: string | undefined, { out, ...flags }: ConvertFlags) => {
      ensureUsage(
        to === undefined || out === undefined || to === out,
        'there are two files to write, the argument and --out: leave one of them out',
      );
      const target = to ?? out;
      ensureUsage(target, 'there is no file to write: name it behind the one that is read, or as --out');
      return runConvert(from, target, flags);
    });
}

const MEGABYTE = 1e6;

async function runConvert(from: string, to: string, flags: ConvertFlags): Promise<void> {
  const { section, dtype, naming, part, force, metadata, json } = flags;
  const interrupt = watchInterrupt();
  let progress: Progress | undefined;
  try {
    const { signal } = interrupt;
    const onProgress = (done: number, total: number) => {
      progress ??= startProgress({ total: Math.ceil(total / MEGABYTE), label: 'MB' });
      progress.update(done < total ? Math.floor(done / MEGABYTE) : Math.ceil(total / MEGABYTE));
    };
    const converted = await convertWeights(from, to, {
      ...{ section, dtype, naming, part, force, noMetadata: !metadata },
      ...{ signal, onProgress },
    });
    progress?.stop();
    const { tensors, bytes } = converted;
    const recognised = withFlags(converted.recognised);
    if (json) print(`${JSON.stringify({ ...converted, recognised })}\n`);
    else show(`${to}: ${tensors} tensors, ${formatBytes(bytes)}, from ${recognised}\n`);
  } catch (error) {
    progress?.stop();
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = interrupt.status;
    throw new TokenTrimError(`interrupted: ${to} was not written`);
  } finally {
    interrupt.release();
  }
}
