import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { openInBrowser } from '../node/openInBrowser.js';
import { openTraceFolder } from '../node/trace/openTraceFolder.js';
import { saveReport } from '../node/trace/saveReport.js';
import { serveTraces } from '../node/trace/serveTraces.js';
import { readViewer } from '../node/trace/viewerPage.js';
import { formatBytes } from '../weights/quote.js';
import { END_SIGNALS, type EndSignal, statusOf } from './earlySignal.js';
import { FORCE_HELP, path, wholeNumber } from './options.js';
import { print, say, show } from './output.js';
import { ensureUsage } from './usageError.js';

interface ViewFlags {
  readonly port?: number;
  readonly open: boolean;
  readonly save?: string;
  readonly force?: boolean;
}

/** `tokentrim view`. */
export function addViewCommand(program: Command): void {
  program
    .command('view')
    .description('look at traces in a browser: why a block was made again, what was removed, and whether it helped')
    .argument('<folder...>', 'of a trace, be its run going on; several are set side by side')
    .option('--port <n>', 'of this machine where the viewer answers (default: a free one)', port)
    .option('--no-open', 'only print the address')
    .option('--save <file>', 'write the viewer and the traces as one .html, in the place of serving them', path)
    .option('--force', FORCE_HELP)
    .addHelpText('after', '\nIt serves this machine alone, until Ctrl-C.')
    .action(runView);
}

const MAX_PORT = 65535;

function port(text: string): number {
  const value = wholeNumber(0)(text);
  if (value > MAX_PORT) throw new InvalidArgumentError(`expected a port from 0 to ${MAX_PORT}, found "${text}"`);
  return value;
}

export async function runView(folders: readonly string[], flags: ViewFlags): Promise<void> {
  const { save, force } = flags;
  if (save !== undefined) {
    ensureUsage(
      flags.port === undefined,
      '--port is where the viewer answers, and --save serves nothing: leave one out',
    );
    const bytes = await saveReport(folders, save, { force });
    show(`${save}: ${formatBytes(bytes)}; open it in a browser\n`);
    return;
  }
  const traces = await Promise.all(folders.map(openTraceFolder));
  const server = await serveTraces(traces, await readViewer(), flags.port);
  const end = ended(); // before anybody can know that there is something to end
  print(`${server.address}\n`);
  if (flags.open) openInBrowser(server.address);
  say('Ctrl-C ends it');
  const signal = await end;
  await server.close();
  if (signal !== 'SIGINT') process.exitCode = statusOf(signal);
}

/** Waits for a signal; Ctrl-C is how a user says that he has looked. */
async function ended(): Promise<EndSignal> {
  const heard = new AbortController();
  try {
    return await Promise.race(
      END_SIGNALS.map(async (signal) => {
        await once(process, signal, { signal: heard.signal });
        return signal;
      }),
    );
  } finally {
    heard.abort();
  }
}
