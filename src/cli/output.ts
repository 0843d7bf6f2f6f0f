import { createProgress, type Progress, type ProgressOptions } from '../media/progress.js';
import type { RunEvent } from './eventSchema.js';
import { withFlags } from './flags.js';
import { printable } from './printable.js';

/** How a run tells what it does: `auto` is a bar on a terminal and lines elsewhere, `json` a JSON object a line. */
export const PROGRESS_FORMS = ['auto', 'lines', 'json', 'none'] as const;
export type ProgressForm = (typeof PROGRESS_FORMS)[number];

/** What the user chose to have on standard error. */
export interface OutputChoice {
  readonly progress?: ProgressForm;
  /** Nothing but errors. */
  readonly quiet?: boolean;
  /** Also what each stage does. */
  readonly verbose?: boolean;
}

let form: ProgressForm = 'auto';
let quiet = false;
let verbose = false;

// What a run says on standard error goes through this page, so that one choice holds for all of it. With `--progress json`
// nothing but events goes there, errors included; `--quiet` then leaves out the notes.

/** Decides what is said from now on. */
export function chooseOutput(choice: OutputChoice): void {
  form = choice.progress ?? 'auto';
  quiet = choice.quiet ?? false;
  verbose = choice.verbose ?? false;
}

/** A note for the person at the terminal, a line or more without the last line's end. */
export function say(note: string): void {
  if (quiet) return;
  const text = withFlags(note);
  if (form === 'json') emit('note', { text: text.trim() });
  else process.stderr.write(printable(`${text}\n`));
}

/** A note that only `--verbose` shows; made only then. */
export function detail(note: () => string): void {
  if (verbose) say(note());
}

/** A table or a closing line for people, which a program has in another form. */
export function show(text: string): void {
  if (!quiet && form !== 'json') process.stderr.write(printable(text));
}

/** What a command was asked for, on standard output: a table, or JSON. */
export function print(text: string): void {
  process.stdout.write(printable(text));
}

/** What happened, for a program that watches: a line of JSON, only with `--progress json`. */
export function emit<Name extends RunEvent['event']>(event: Name, fields: EventFields<Name>): void {
  if (form !== 'json') return;
  const seconds = Math.round(performance.now()) / 1000;
  process.stderr.write(printable(`${JSON.stringify({ event, seconds, ...fields })}\n`));
}

type EventFields<Name> = Omit<Extract<RunEvent, { event: Name }>, 'event' | 'seconds'>;

/** Whether standard error is for a program. */
export const emitsEvents = (): boolean => form === 'json';

/** A progress bar or its lines, or nothing where the user chose so. */
export function startProgress(options: Pick<ProgressOptions, 'total' | 'label' | 'activity'>): Progress {
  const lines = verbose && form === 'auto' ? 'lines' : form; // notes would tear a bar apart
  const shown = lines === 'json' || lines === 'none' ? undefined : lines;
  const progress = createProgress({ ...options, form: shown, enabled: shown !== undefined && !quiet });
  return { ...progress, update: (done, note) => progress.update(done, note && printable(note)) };
}
