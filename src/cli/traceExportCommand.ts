import type { Command } from 'commander';
import { openTraceFolder } from '../node/trace/openTraceFolder.js';
import { chromeTrace } from '../trace/chromeTrace.js';
import { traceCsv } from '../trace/traceCsv.js';
import { traceEvents } from '../trace/traceEvents.js';
import { FORCE_HELP, path } from './options.js';
import { print, say } from './output.js';
import { ensureUsage } from './usageError.js';
import { writeText } from './writeText.js';

interface ExportFlags {
  readonly chrome?: boolean;
  readonly csv?: boolean;
  readonly out?: string;
  readonly force?: boolean;
}

/** `tokentrim trace export`. */
export function addTraceExportCommand(trace: Command): void {
  trace
    .command('export')
    .description('write a trace in a format of other programs, to standard output by default')
    .argument('<folder>', 'of a trace', path)
    .option('--chrome', 'the JSON that chrome://tracing and Perfetto (ui.perfetto.dev) open: what took how long')
    .option('--csv', 'a table with a line for each attempt at a block')
    .option('-o, --out <file>', 'where to write it', path)
    .option('--force', FORCE_HELP)
    .action(runTraceExport);
}

export async function runTraceExport(folder: string, { chrome, csv, out, force }: ExportFlags): Promise<void> {
  ensureUsage(Boolean(chrome) !== Boolean(csv), 'say what to write, one of them: --chrome or --csv');
  const whole = traceEvents(await (await openTraceFolder(folder)).eventsText());
  if (whole.problem !== undefined) say(`${folder}: ${whole.problem}`);
  const text = csv ? traceCsv(whole.trace.blocks) : `${JSON.stringify(chromeTrace(whole))}\n`;
  if (out === undefined) print(text);
  else await writeText(out, text, force);
}
