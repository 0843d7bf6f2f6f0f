import fc from 'fast-check';
import { TRIM_DEFAULTS } from '../../src/tokentrim/trimOptions.js';
import type { BeginEvent, TraceEvent } from '../../src/trace/format.js';

/** The first event of a trace with a grid of 2 rows and 3 columns. */
export const BEGIN: BeginEvent = {
  ...{ kind: 'begin', at: 0, version: 1, program: 'tokentrim test', date: '2026-11-26T00:00:00.000Z' },
  ...{ plan: null, adapter: 'a card' },
  video: {
    ...{
      method: 'self-forcing',
      title: 'a red, "round" circle',
      model: 'toy',
      seed: '0',
      grid: { height: 2, width: 3 },
    },
    ...{ blocks: 3, given: 0, calls: 6, framesPerBlock: 3, sink: 0, window: 6, steps: [1000, 500], pictures: null },
    trim: { ...TRIM_DEFAULTS, warmup: 0 },
  },
};

/** A run whose every block has some attempts of some calls; no two things happen at once. */
export function runOf(attemptsOfBlocks: readonly (readonly number[])[]): TraceEvent[] {
  let at = 1;
  const after = (seconds: number) => {
    at += seconds;
    return { at, seconds };
  };
  const events: TraceEvent[] = [
    BEGIN,
    { kind: 'stage', stage: 'text', at: 0.5 },
    { kind: 'stage', stage: 'rollout', at: 1 },
  ];
  for (const [block, attempts] of attemptsOfBlocks.entries()) {
    const began = at;
    const firstFrame = 3 * block;
    for (const [attempt, calls] of attempts.entries()) {
      for (let step = 0; step < calls; step++) {
        const seen = { frames: [0, 1, 2].slice(0, block), rows: 6 * Math.min(block, 3) };
        events.push({
          kind: 'step',
          block,
          attempt,
          step,
          firstFrame,
          timesteps: [1000, 1000, 1000],
          seen,
          ...after(0.25),
        });
      }
      const isLast = attempt === attempts.length - 1;
      const measured =
        block > 0
          ? { severity: 2 / 3, mean: 0.5, std: 0.1, threshold: 0.7 }
          : { severity: null, mean: null, std: null, threshold: null };
      events.push({
        ...{ kind: 'review', at, block, attempt, ...measured, unstable: block > 0 ? [0, 5] : null },
        ...{ pruned: isLast ? null : [0, 5], drift: null },
      });
    }
    events.push({ kind: 'write', block, firstFrame, seen: { frames: [0], rows: 6 }, at: after(0.125).at });
    const made = { firstFrame, frames: 3, given: false, attempts: attempts.length, triggered: attempts.length > 1 };
    events.push({ kind: 'block', at, block, ...made, seconds: at - began, memory: 1e6 + block, latents: null });
  }
  events.push({ kind: 'end', at, status: 'finished', message: null });
  return events;
}

export const linesOf = (events: readonly TraceEvent[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join('');

/** Some blocks with some attempts each, of some calls. */
export const arbitraryAttempts = fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 6,
});
