import { ensure } from '../../errors.js';
import { quote } from '../../weights/quote.js';

/** The file of the events, one JSON object a line. */
export const EVENTS_FILE = 'events.jsonl';

/** The plan of the run, as `--plan` takes it. */
export const PLAN_FILE = 'plan.json';

/** What a file that is being written is called until it is whole. */
export const UNFINISHED = '.part';

/**
 * One to three folders and a name; none begins with a dot, so that no path leaves the trace. At the top of it lie the events
 * and the plan alone: what else is there is somebody's.
 */
const FILE_NAME = /^(?:[\w-][\w.-]{0,99}\/){1,3}[\w-][\w.-]{0,99}\.(?:safetensors|webp)$/;

export const isFileName = (name: string): boolean => FILE_NAME.test(name);

/**
 * Checks the name of a tensor's or a sheet's file, which a trace may have from anywhere.
 * @param label how the error names the trace
 * @throws TokenTrimError
 */
export function checkFileName(file: unknown, label: string): asserts file is string {
  ensure(
    typeof file === 'string' && isFileName(file),
    () =>
      `${label}: expected the name of a .safetensors or .webp file inside the trace, such as drift/0005.0.safetensors, ` +
      `found ${typeof file === 'string' ? quote(file) : String(file)}. The trace is damaged, or was made to do harm.`,
  );
}

/** Names of which no two are the same: a second `run` is `run-2`. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const base = name || 'trace'; // the root of a disk has none
    let distinct = base;
    for (let count = 2; taken.has(distinct); count++) distinct = `${base}-${count}`;
    taken.add(distinct);
    return distinct;
  });
}
