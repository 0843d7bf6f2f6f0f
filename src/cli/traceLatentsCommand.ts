import { basename, extname } from 'node:path';
import { type Command, Option } from 'commander';
import type { PatchSize } from '../kernels/layout/patchify.js';
import { encodeSheet } from '../media/sheets.js';
import { openTensorSource } from '../node/model/openTensorSource.js';
import { saveReport } from '../node/trace/saveReport.js';
import { TraceFolder } from '../node/trace/traceFolder.js';
import { ReferenceDevice } from '../tensor/referenceDevice.js';
import { watchedBlocks } from '../tokentrim/trimOptions.js';
import type { ReviewEvent } from '../trace/format.js';
import { LATENT_ORDERS, type LatentsRequest, readLatents } from '../trace/readLatents.js';
import { traceLatents } from '../trace/traceLatents.js';
import { checkTrimRule } from './checkOptions.js';
import { patch, path, wholeNumber } from './options.js';
import { print, show } from './output.js';
import { addTrimFlags, type TrimFlags, trimOptionsOf } from './trimFlags.js';

interface LatentsFlags extends LatentsRequest, TrimFlags {
  readonly out?: string;
  readonly save?: string;
  readonly blockFrames: number;
  readonly patch: PatchSize;
  readonly force?: boolean;
}

/** `tokentrim trace latents`. */
export function addTraceLatentsCommand(trace: Command): void {
  const command = trace
    .command('latents')
    .description('make a trace of the drift in latents of any pipeline')
    .argument('<file>', 'a safetensors or PyTorch file with latents [frames, channels, height, width]', path)
    .option('-o, --out <folder>', "where the trace goes (default: the file's name with .trace)", path)
    .option('--save <file>', 'a page of the trace as well: one .html', path)
    .option('--tensor <name>', 'of a file with several that could be latents')
    .option('--channels <n>', 'channels of the latents, where they are not 16', wholeNumber(1))
    .addOption(
      new Option(
        '--order <order>',
        'which of frames and channels comes first, where their number does not show it',
      ).choices(LATENT_ORDERS),
    )
    .option('--block-frames <n>', 'latent frames of a block', wholeNumber(1), 3)
    .addOption(
      new Option('--patch <h,w>', 'latent pixels of a token').argParser(patch).default({ height: 2, width: 2 }, '2,2'),
    );
  addTrimFlags(command, ['tokentrim', 'adaptive'])
    .option('--force', 'replace a trace that is there')
    .action((file: string, flags: LatentsFlags) => {
      checkTrimRule(flags, (name) => command.getOptionValueSource(name) === 'cli');
      return runTraceLatents(file, flags);
    });
}

/** Prints a line a block on standard output, and says where the trace lies. */
export async function runTraceLatents(file: string, flags: LatentsFlags): Promise<void> {
  const folder = flags.out ?? `${basename(file, extname(file))}.trace`;
  const trim = trimOptionsOf(flags);
  const source = await openTensorSource(file);
  try {
    const latents = await readLatents(source, flags);
    const sink = await TraceFolder.create(folder, { encodeSheet, option: '--out', force: flags.force });
    try {
      const reviews = await traceLatents(new ReferenceDevice(), latents, sink, {
        title: basename(file),
        framesPerBlock: flags.blockFrames,
        patch: flags.patch,
        trim,
      });
      await sink.close('finished');
      print(driftTable(reviews, watchedBlocks(trim)));
    } catch (error) {
      await sink.close('failed', (error as Error).message).catch(() => undefined); // the first error is told
      throw error;
    }
  } finally {
    await source.close();
  }
  if (flags.save !== undefined) await saveReport(folder, flags.save, { force: flags.force });
  show(
    `${flags.save === undefined ? '' : `${flags.save}: open it in a browser\n`}${folder}: look at it with \`tokentrim view ${folder}\`\n`,
  );
}

/** A line a block: what was measured, and what TokenTrim would have done. */
function driftTable(reviews: readonly ReviewEvent[], watched: number): string {
  const cell = (value: number | null) => (value === null ? '-' : value.toPrecision(3)).padStart(11);
  const rows = reviews.map(({ block, severity, mean, std, threshold }) => {
    const isAbove = severity !== null && threshold !== null && severity > threshold;
    const outcome = isAbove ? (block > watched ? '  would have been made again' : '  above, in the warm-up') : '';
    return `${String(block).padStart(5)}${cell(severity)}${cell(mean)}${cell(std)}${cell(threshold)}${outcome}\n`;
  });
  return `block   severity       mean        std  threshold\n${rows.join('')}`;
}
