import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { chromeTrace } from '../../src/trace/chromeTrace.js';
import { CSV_HEADER, traceCsv } from '../../src/trace/traceCsv.js';
import { traceEvents } from '../../src/trace/traceEvents.js';
import { arbitraryAttempts, linesOf, runOf } from './madeTrace.js';

const exported = (attempts: readonly (readonly number[])[]) => traceEvents(linesOf(runOf(attempts)));

const time = z.number().int().nonnegative();
const base = { name: z.string().min(1), pid: z.literal(1), tid: z.number().int().nonnegative() };
/** The parts of the format that are used, with nothing beside them. */
const schema = z.strictObject({
  otherData: z.strictObject({ program: z.string(), title: z.string(), method: z.string() }),
  displayTimeUnit: z.literal('ms'),
  traceEvents: z.array(
    z.discriminatedUnion('ph', [
      z.strictObject({ ph: z.literal('M'), ...base, args: z.record(z.string(), z.union([z.string(), z.number()])) }),
      z.strictObject({ ph: z.literal('X'), ...base, ts: time, dur: time, args: z.record(z.string(), z.unknown()) }),
      z.strictObject({
        ph: z.literal('i'),
        ...base,
        s: z.literal('t'),
        ts: time,
        args: z.record(z.string(), z.unknown()).optional(),
      }),
      z.strictObject({ ph: z.literal('C'), ...base, ts: time, args: z.record(z.string(), z.number()) }),
    ]),
  ),
});

test('the JSON for Chrome is of its format, has every call once, and nothing overlaps on a track', () => {
  fc.assert(
    fc.property(arbitraryAttempts, (attempts) => {
      const { traceEvents: events } = schema.parse(JSON.parse(JSON.stringify(chromeTrace(exported(attempts)))));
      const tracks = new Map(
        events.flatMap((event) =>
          event.ph === 'M' && event.name === 'thread_name' ? [[event.args.name, event.tid] as const] : [],
        ),
      );
      const spans = (track: string) =>
        events.filter((event) => event.ph === 'X' && event.tid === tracks.get(track)) as {
          name: string;
          ts: number;
          dur: number;
        }[];
      const calls = attempts.flat().reduce((sum, count) => sum + count, 0);
      expect(spans('calls')).toHaveLength(calls);
      expect(events.filter(({ name }) => name === 'write')).toHaveLength(attempts.length);
      expect(spans('attempts')).toHaveLength(attempts.flat().length);
      expect(spans('blocks')).toHaveLength(attempts.length);
      expect(events.filter(({ ph, tid }) => ph === 'i' && tid === tracks.get('reviews'))).toHaveLength(
        attempts.flat().length,
      );
      expect(events.filter(({ name }) => name === 'memory')).toHaveLength(attempts.length);
      for (const track of tracks.keys()) {
        const all = spans(String(track));
        for (const [index, { ts }] of all.entries())
          if (index > 0) expect(ts).toBeGreaterThanOrEqual(all[index - 1].ts + all[index - 1].dur);
      }
      // Calls lie within their blocks, to the microsecond.
      const [first, last] = [spans('blocks')[0], spans('blocks').at(-1)!];
      expect(spans('calls')[0].ts).toBe(first.ts);
      expect(spans('calls').at(-1)!.ts + spans('calls').at(-1)!.dur).toBeLessThanOrEqual(last.ts + last.dur);
    }),
    { numRuns: 60 },
  );
});

test('the table has a row for each attempt, and numbers come back as they were', () => {
  fc.assert(
    fc.property(arbitraryAttempts, (attempts) => {
      const [header, ...rows] = traceCsv(exported(attempts).trace.blocks).trimEnd().split('\n');
      expect(header).toBe(CSV_HEADER);
      const names = header.split(',');
      const parsed = rows.map((row) =>
        Object.fromEntries(row.split(',').map((cell, index) => [names[index], cell === '' ? null : Number(cell)])),
      );
      const expected = attempts.flatMap((tries, block) =>
        tries.map((calls, attempt) => ({
          ...{
            block,
            attempt,
            kept: Number(attempt === tries.length - 1),
            first_frame: 3 * block,
            calls,
            seconds: calls / 4,
          },
          ...{ severity: block > 0 ? 2 / 3 : null, mean: block > 0 ? 0.5 : null, std: block > 0 ? 0.1 : null },
          ...{ threshold: block > 0 ? 0.7 : null, unstable: block > 0 ? 2 : null, memory_bytes: 1e6 + block },
          ...{
            pruned: attempt < tries.length - 1 ? 2 : null,
            frames_seen: Math.min(block, 3),
            rows_seen: 6 * Math.min(block, 3),
          },
        })),
      );
      expect(parsed).toHaveLength(expected.length);
      for (const [index, row] of parsed.entries()) expect(row).toMatchObject(expected[index]);
    }),
    { numRuns: 60 },
  );
});

test('a trace that was cut off is exported up to there', () => {
  const text = linesOf(runOf([[2], [2, 2]]));
  const cut = traceEvents(text.slice(0, text.indexOf('"review"') + 20));
  expect(cut.problem).toContain('was cut off');
  expect(traceCsv(cut.trace.blocks).split('\n')[1]).toBe('0,0,,,,,,,,0,2,0,0,0.5,,');
  expect(chromeTrace(cut).traceEvents.filter(({ ph }) => ph === 'X')).toHaveLength(2 + 2 + 1); // stages, calls, the attempt
});
