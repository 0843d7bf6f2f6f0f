import type { TraceEvent } from '../../src/trace/format.js';
import type { TracedTensor, TraceSink } from '../../src/trace/traceSink.js';

/** A sink that keeps everything. */
export class MemoryTrace implements TraceSink {
  readonly events: TraceEvent[] = [];
  readonly files = new Map<string, readonly TracedTensor[]>();

  async event(event: TraceEvent): Promise<void> {
    this.events.push(event);
  }

  async tensors(file: string, tensors: readonly TracedTensor[]): Promise<void> {
    this.files.set(file, tensors);
  }

  async pictures(): Promise<never> {
    throw new Error('no pictures were expected');
  }

  of<Kind extends TraceEvent['kind']>(kind: Kind): Extract<TraceEvent, { kind: Kind }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<TraceEvent, { kind: Kind }>[];
  }
}
