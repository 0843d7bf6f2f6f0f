import { TokenTrimError } from '../errors.js';
import { isEvent } from './checkEvent.js';
import { type BeginEvent, TRACE_VERSION, type TraceEvent } from './format.js';
import { beginOf, Trace } from './traceReader.js';

/** What a text of lines came to. */
export interface ReadTrace {
  readonly trace: Trace;
  /** What is wrong with it, where something is: it was cut off, lines are none. What all others say was read. */
  readonly problem: string | undefined;
  /** Bytes, or letters, up to the end of the last whole line. */
  readonly length: number;
}

/**
 * Reads the lines of a trace as far as they are whole; one that is damaged is passed over, and the trace knows which. The last line of a run that is going on, or was cut off, may not be.
 * @throws TokenTrimError where the first line is not the beginning of a trace
 */
export function readTrace(text: string, trace = new Trace()): ReadTrace {
  let from = trace.count === 0 && text.charCodeAt(0) === 0xfeff ? 1 : 0; // what some editors put before a text
  for (;;) {
    const end = text.indexOf('\n', from);
    if (end < 0) break;
    trace.boundBy(end - from);
    const event = parseLine(text.slice(from, end));
    if (event === undefined && trace.count === 0) beginOf(undefined);
    try {
      if (event) trace.take(event);
      else trace.skip();
    } catch (error) {
      if (error instanceof TokenTrimError) throw error;
      trace.skip(); // a field is missing, or is something else
    }
    from = end + 1;
  }
  const problems = trace.damaged.length > 0 ? [damageWords(trace.damaged)] : [];
  if (trace.count > 0 && trace.end === undefined)
    problems.push('the trace has no end: the run is going on, or was cut off');
  const problem = problems.length > 0 ? problems.join('; ') : undefined;
  if (trace.count === 0 && text.length > 0) beginOf(parseLine(text));
  return { trace, problem, length: from };
}

/** Lines that are named. */
const NAMED = 5;

/** Which lines are damaged, and what that means. */
export function damageWords(lines: readonly number[]): string {
  const named = lines.slice(0, NAMED).join(', ') + (lines.length > NAMED ? `, and ${lines.length - NAMED} more` : '');
  return lines.length === 1
    ? `line ${named} is damaged: what it said is missing, and the rest is shown`
    : `lines ${named} are damaged: what they said is missing, and the rest is shown`;
}

function parseLine(line: string): TraceEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const { kind, version } = (value ?? {}) as Partial<BeginEvent>;
    // Of another version, the first line may say what it says in other ways.
    if (kind === 'begin' && version !== TRACE_VERSION) return value as BeginEvent;
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
