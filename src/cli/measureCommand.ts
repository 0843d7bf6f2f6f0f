import { type Command, Option } from 'commander';
import { type Measured, measuresCsv } from '../measures/measuresCsv.js';
import { LATENT_ORDERS } from '../trace/readLatents.js';
import { watchInterrupt } from './interrupt.js';
import { type InputRequest, measureInput } from './measureInput.js';
import { measureTable } from './measureTable.js';
import { decimal, FORCE_HELP, patch, path, wholeNumber } from './options.js';
import { print } from './output.js';
import { PROGRAM } from './programName.js';
import { ensureUsage } from './usageError.js';
import { writeText } from './writeText.js';

interface MeasureFlags extends InputRequest {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly out?: string;
  readonly force?: boolean;
}

/** `tokentrim measure`. */
export function addMeasureCommand(program: Command): void {
  program
    .command('measure')
    .description(
      'measure how videos of any program drift: colour, exposure, sharpness, flicker, and what was asked for',
    )
    .argument('<inputs...>', 'videos, folders of frames, or files of latents', (text: string, all: string[] = []) => [
      ...all,
      path(text),
    ])
    .option('-p, --prompt <text>', "the toy world's prompt to measure against (default: what a video says of itself)")
    .option('--fps <n>', 'frames a second of folders and latents (default: 16)', decimal('above 0', isAboveZero))
    .option('--tensor <name>', 'of a file with several that could be latents')
    .option('--channels <n>', 'channels of latents, where they are not 16', wholeNumber(1))
    .addOption(new Option('--order <order>', 'which axis of latents comes first').choices(LATENT_ORDERS))
    .option('--block-frames <n>', 'latent frames of a block', wholeNumber(1), 3)
    .addOption(
      new Option('--patch <h,w>', 'latent pixels of a token').argParser(patch).default({ height: 2, width: 2 }, '2,2'),
    )
    .option('--json', 'print one JSON object in the place of the table')
    .option('--csv', 'print a line for each value over time')
    .option('-o, --out <file>', 'where --json or --csv goes; the table is then printed too', path)
    .option('--force', FORCE_HELP)
    .action(runMeasure);
}

const isAboveZero = (value: number) => value > 0;

/** Measures one input after the other; all of them, or none is printed. */
export async function runMeasure(inputs: readonly string[], flags: MeasureFlags): Promise<void> {
  const { json, csv, out, force } = flags;
  ensureUsage(!(json && csv), 'say one of them: --json or --csv');
  ensureUsage(out === undefined || json || csv, 'say what to write to --out, one of them: --json or --csv');
  const interrupt = watchInterrupt();
  const found: Measured[] = [];
  try {
    for (const name of inputs) found.push({ name, measures: await measureInput(name, flags, interrupt.signal) });
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = interrupt.status;
    return;
  } finally {
    interrupt.release();
  }
  const data = json ? measuresJson(found) : csv ? measuresCsv(found) : undefined;
  if (out !== undefined && data !== undefined) await writeText(out, data, force);
  print(out === undefined && data !== undefined ? data : measureTable(found));
}

/** Who measured, and then each input's measures. */
function measuresJson(found: readonly Measured[]): string {
  const inputs = found.map(({ name, measures }) => ({ input: name, ...measures }));
  return `${JSON.stringify({ program: PROGRAM.name, version: PROGRAM.version, inputs })}\n`;
}
