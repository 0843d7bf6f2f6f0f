import { failToPrint } from './fail.js';
import { chooseOutput, emit } from './output.js';
import { PROGRAM } from './programName.js';
import { REPORT_VERSION } from './reportSchema.js';
import { printAtEnd, printNothing, RunReport } from './runReport.js';

/**
 * Looks for the options that say how errors are told, before the command line is understood: `generate --json` has its
 * object and `--progress json` its events where the rest is wrong.
 */
export function chooseOutputEarly(args: readonly string[]): void {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  if (!options.includes('generate')) return;
  if (/ --progress[= ]json /.test(` ${options.join(' ')} `)) chooseOutput({ progress: 'json' });
  if (options.lastIndexOf('--json') > options.lastIndexOf('--no-json')) printAtEnd(new RunReport(), failToPrint);
}

/** The same once the options are known, those of a file included. */
export function startOutput(json: boolean | undefined): void {
  if (json) printAtEnd(new RunReport(), failToPrint);
  else printNothing();
  emit('start', { schema: REPORT_VERSION, program: PROGRAM });
}
