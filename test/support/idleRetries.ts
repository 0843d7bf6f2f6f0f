import type { GenerateEvent } from '../../src/pipelines/stages.js';
import { IdleRetries } from '../../src/trace/idleRetries.js';

/** What is counted of attempts at block 3, of two calls each, which saw so many rows. */
export function retriesThatSaw(...rows: readonly number[]): IdleRetries {
  const idle = new IdleRetries();
  for (const [attempt, count] of rows.entries())
    for (let call = 0; call < 2; call++)
      idle.add({ kind: 'step', block: 3, attempt, seen: { frames: [0], rows: count } } as unknown as GenerateEvent);
  return idle;
}
