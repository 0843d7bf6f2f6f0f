import { TokenTrimError } from '../errors.js';
import { isEvent } from './checkEvent.js';
import { type BeginEvent, TRACE_VERSION, type TraceEvent } from './format.js';
import { beginOf, Trace } from './traceReader.js';

/** What a text of lines came to. */
export interface ReadTrace {
  readonly trace: Trace;
  /** What is wrong with it, where something is: it was cut off, a line is none. What stands before that was read. */
  readonly problem: string | undefined;
  /** Bytes, or letters, up to the end of the last whole line. */
  readonly length: number;
}

/**
 * Reads the lines of a trace as far as they are whole. The last line of a run that is going on, or was cut off, may not be.
 * @throws TokenTrimError where the first line is not the beginning of a trace
 */
export function readTrace(text: string, trace = new Trace()): ReadTrace {
  let from = trace.count === 0 && text.charCodeAt(0) === 0xfeff ? 1 : 0; // what some editors put before a text
  let line = 0;
  for (;;) {
    const end = text.indexOf('\n', from);
    if (end < 0) break;
    line++;
    trace.boundBy(end - from);
    const event = parseLine(text.slice(from, end));
    if (event === undefined) {
      if (trace.count === 0) beginOf(undefined);
      return { trace, problem: damaged(line), length: from };
    }
    try {
      trace.take(event);
    } catch (error) {
      if (error instanceof TokenTrimError) throw error;
      return { trace, problem: damaged(line), length: from }; // a field is missing, or is something else
    }
    from = end + 1;
  }
  const isOpen = trace.count > 0 && trace.end === undefined;
  const problem = isOpen ? 'the trace has no end: the run is going on, or was cut off' : undefined;
  if (trace.count === 0 && text.length > 0) beginOf(parseLine(text));
  return { trace, problem, length: from };
}

function damaged(line: number): string {
  return `line ${line} is damaged: what stands before it is shown`;
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
