import type { TraceEvent } from './format.js';
import { readTrace } from './readTrace.js';
import { Trace } from './traceReader.js';

/** The events of a text of lines, as far as they are whole, and what they come to. */
export interface WholeEvents {
  readonly events: readonly TraceEvent[];
  readonly trace: Trace;
  /** What is wrong with the trace, where something is. */
  readonly problem: string | undefined;
}

/** @throws TokenTrimError where the first line is not the beginning of a trace */
export function traceEvents(text: string): WholeEvents {
  const events: TraceEvent[] = [];
  class Listed extends Trace {
    override take(event: TraceEvent): void {
      super.take(event);
      events.push(event);
    }
  }
  const { trace, problem } = readTrace(text, new Listed());
  return { events, trace, problem };
}
