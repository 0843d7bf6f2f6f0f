import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import {
  generate,
  type KvCache,
  openDevice,
  openModelFolder,
  type PolicyFactory,
  type TokenTrimOptions,
  tokenTrim,
  toyWorld,
} from '../../src/index.js';
import type { GenerateEvent, GenerateRequest } from '../../src/pipelines/generate.js';
import type { TraceEvent } from '../../src/trace/format.js';
import { readTrace } from '../../src/trace/readTrace.js';
import { recordRun } from '../../src/trace/recordRun.js';
import type { Trace } from '../../src/trace/traceReader.js';
import type { TracedPicture, TracedTensor, TraceSink } from '../../src/trace/traceSink.js';

const device = await openDevice();
const model = await openModelFolder(toyWorld);
afterAll(async () => {
  device.close();
  await model.close();
});

const SMALL = { prompt: 'a red circle', width: 32, height: 32, promptCache: false } as const;

/** A trace in memory. */
class Kept implements TraceSink {
  text = '';
  readonly tensorFiles = new Map<string, readonly TracedTensor[]>();
  readonly sheets = new Map<string, readonly TracedPicture[]>();

  async event(event: TraceEvent): Promise<void> {
    this.text += `${JSON.stringify(event)}\n`;
  }

  async tensors(file: string, tensors: readonly TracedTensor[]): Promise<void> {
    expect(this.tensorFiles.has(file)).toBe(false);
    this.tensorFiles.set(file, tensors);
  }

  async pictures(name: string, pictures: readonly TracedPicture[]) {
    expect(this.sheets.has(name)).toBe(false);
    this.sheets.set(name, pictures);
    const [{ width, height }] = pictures;
    return { file: name, count: pictures.length, columns: pictures.length, width, height };
  }
}

/** What a cache holds: the tokens that each frame has left. */
type Held = Record<number, number[]>;
const heldBy = (cache: Pick<KvCache, 'liveTokens'>): Held =>
  Object.fromEntries(cache.liveTokens.map(({ frame, live }) => [frame, [...live]]));

/** The same as a reader rebuilt it. */
function heldIn(cache: ReadonlyMap<number, ReadonlySet<number>>, tokens: number): Held {
  const all = Array.from({ length: tokens }, (_, token) => token);
  return Object.fromEntries(Array.from(cache, ([frame, lost]) => [frame, all.filter((token) => !lost.has(token))]));
}

interface Seen {
  readonly caches: Held[];
  readonly blocks: Extract<GenerateEvent, { kind: 'block' }>[];
  readonly pictures: number;
  readonly rejected: number;
}

async function recorded(request: GenerateRequest, options = {}): Promise<{ kept: Kept; seen: Seen }> {
  const kept = new Kept();
  const caches: Held[] = [];
  const blocks: Seen['blocks'] = [];
  let [pictures, rejected] = [0, 0];
  const run = generate(device, model, { ...SMALL, ...request, watch: { rejected: true, ...request.watch } });
  for await (const event of recordRun(run, kept, device, model, options)) {
    if (event.kind === 'step' && event.cache) {
      caches.push(heldBy(event.cache));
      const { frames, rows } = event.seen!;
      const held = heldBy(event.cache);
      expect(rows).toBe(frames.reduce((sum, frame) => sum + held[frame].length, 0));
    }
    if (event.kind === 'block') blocks.push(event);
    if (event.kind === 'frames') pictures += event.frames.length;
    if (event.kind === 'rejected') rejected += event.frames.length;
  }
  return { kept, seen: { caches, blocks, pictures, rejected } };
}

/** The reader's caches, call by call. */
function cachesOf(text: string): Held[] {
  const caches: Held[] = [];
  const lines = text.split('\n').slice(0, -1);
  let trace: Trace | undefined;
  for (const line of lines) {
    trace = readTrace(`${line}\n`, trace).trace;
    const { height, width } = trace.begin!.video.grid;
    if (trace.last?.kind === 'step') caches.push(heldIn(trace.cache, height * width));
  }
  return caches;
}

/** TokenTrim, but that some blocks are made again whatever they do, so often. */
const insisting =
  (trim: Partial<TokenTrimOptions>, again: Readonly<Record<number, number>>): PolicyFactory =>
  ({ patch }) => {
    const policy = tokenTrim(patch, { ...trim, maxRegenerations: 0 });
    let tries = 0;
    return {
      ...policy,
      maxAttempts: 4,
      get latest() {
        return policy.latest;
      },
      async review(block, candidate) {
        await policy.review(block, candidate);
        const isRejected = policy.latest !== undefined && tries++ < (again[block] ?? 0);
        return isRejected ? policy.latest!.unstable : [];
      },
      async accept(block, latents) {
        tries = 0;
        return policy.accept(block, latents);
      },
    };
  };

const plans = fc.record({
  preset: fc.constantFrom('self-forcing' as const, 'rolling-forcing' as const),
  frames: fc.constantFrom(21, 33, 45),
  sink: fc.constantFrom(0, 3),
  seed: fc.integer({ min: 0, max: 1000 }),
  trim: fc.record({
    fraction: fc.constantFrom(0.1, 0.5, 1),
    check: fc.constantFrom('final' as const, 'first-step' as const),
  }),
  again: fc.record({ 1: fc.constantFrom(0, 1, 2), 2: fc.constantFrom(0, 1), 3: fc.constantFrom(0, 1) }),
});

test('what a reader rebuilds is what the run had: cache, drift, decisions, pictures', async () => {
  let interventions = 0;
  await fc.assert(
    fc.asyncProperty(plans, async ({ preset, sink, trim, again, ...rest }) => {
      const window = 6 + sink; // two blocks beside the sink: what Rolling Forcing rolls with two steps
      const { kept, seen } = await recorded({
        ...{ preset, sink, window, steps: [1000, 500], ...rest },
        policy: insisting(trim, again),
      });
      const { trace, problem } = readTrace(kept.text);
      expect(problem).toBeUndefined();
      expect(trace.end?.status).toBe('finished');
      expect(cachesOf(kept.text)).toEqual(seen.caches);

      expect(trace.blocks.map(({ block }) => block)).toEqual(seen.blocks.map(({ block }) => block));
      for (const [index, { decision, firstFrame }] of seen.blocks.entries()) {
        const { attempts, accepted, pictures } = trace.blocks[index];
        expect(accepted).toMatchObject({ firstFrame, attempts: decision!.attempts, triggered: decision!.triggered });
        interventions += Number(decision!.triggered);
        const reviews = attempts.flatMap(({ review }) => (review ? [review] : []));
        const measured = reviews.filter(({ severity }) => severity !== null);
        expect(measured.map(({ severity }) => severity)).toEqual(decision!.reviews.map(({ severity }) => severity));
        for (const [attempt, { drift, unstable }] of decision!.reviews.entries()) {
          const review = measured[attempt];
          expect(review.unstable).toEqual(unstable);
          const { mean, std, threshold } = decision!;
          expect(review).toMatchObject({ mean, std, threshold });
          const [held] = kept.tensorFiles.get(review.drift!.file)!;
          expect(held).toMatchObject({ name: review.drift!.name, values: Float32Array.from(drift) });
          expect(review.pruned).toEqual(attempt < decision!.attempts - 1 ? unstable : null);
          expect(attempts[attempt].rejected === null).toBe(review.pruned === null);
        }
        expect(pictures.reduce((sum, { sheet }) => sum + sheet.count, 0)).toBeGreaterThan(0);
      }
      const all = trace.blocks.flatMap(({ pictures }) => pictures);
      expect(all.reduce((sum, { sheet }) => sum + sheet.count, 0)).toBe(seen.pictures);
      let next = 0;
      for (const { first, sheet } of all) {
        expect(first).toBe(next);
        next += sheet.count;
      }
    }),
    { numRuns: 8 },
  );
  expect(interventions).toBeGreaterThan(0);
});

test('what FlowMo measured and moved, of the block that it acted on', async () => {
  const { kept } = await recorded({
    ...{ preset: 'self-forcing', steps: [1000, 500], flowmo: { blocks: 'first-block' } },
  });
  const { trace, problem } = readTrace(kept.text);
  expect(problem).toBeUndefined();
  const motions = trace.blocks.flatMap(({ attempts }) => attempts.flatMap((each) => each.motions));
  expect(motions).toHaveLength(1);
  const [{ block, step, before, after, change, maps }] = motions;
  expect([block, step]).toEqual([0, 0]);
  expect(change.largest).toBeCloseTo(0.005, 5); // its rate
  expect(change.mean).toBeGreaterThan(0);
  expect(change.mean).toBeLessThanOrEqual(change.largest);
  const held = kept.tensorFiles.get(maps.before.file)!;
  expect(held.map(({ name }) => name)).toEqual(['before', 'after']);
  expect(held.map(({ values }) => Math.max(...Array.from(values as Float32Array)))).toEqual([before, after]);
});

test('what was watched inside the DiT, read back, of a window that is made again too', async () => {
  for (const preset of ['self-forcing', 'rolling-forcing'] as const) {
    const trim = { sensitivity: 0, warmup: 0, maxRegenerations: 1, fraction: 0.5 };
    const watch = {
      attention: [{ tokens: [1, 2] }, { tokens: [3], layers: [0], blocks: [1] }],
      taps: [{ name: 'head' }],
    };
    const { kept } = await recorded({ preset, frames: 33, steps: [1000, 500], window: 9, trim, watch });
    const { trace, problem } = readTrace(kept.text);
    expect(problem).toBeUndefined();
    let seen = 0;
    for (const { block, attempts, accepted } of trace.blocks) {
      expect(attempts).toHaveLength(accepted!.attempts);
      for (const { attentions, taps, steps } of attempts) {
        expect(steps.length).toBeGreaterThan(0);
        for (const { tokens, layers, frames, keys, cached, shares } of attentions) {
          expect(frames).toEqual([0, 1, 2].map((at) => 3 * block + at));
          expect(keys.length - cached).toBeGreaterThanOrEqual(3);
          const [{ shape, values }] = kept.tensorFiles.get(shares.file)!;
          expect(shape).toEqual([layers.length, tokens.length, 3, keys.length]);
          const sums = Array.from({ length: values.length / keys.length }, (_, query) =>
            values.slice(query * keys.length, (query + 1) * keys.length).reduce((sum, share) => sum + share, 0),
          );
          for (const sum of sums) expect(sum).toBeCloseTo(1, 4);
          seen++;
        }
        for (const { name, values } of taps) {
          expect(name).toBe('head');
          expect(kept.tensorFiles.get(values.file)![0].shape).toEqual([3, 4, 64]);
        }
      }
      expect(attempts.some(({ taps }) => taps.length > 0)).toBe(true);
      expect(attempts.some(({ attentions }) => attentions.length > 1)).toBe(block === 1);
    }
    expect(seen).toBeGreaterThan(3);
  }
});

test('x0: for every block a picture a call, the last try’s last call included', async () => {
  for (const preset of ['self-forcing', 'rolling-forcing'] as const) {
    const trim = { sensitivity: 0, warmup: 0, maxRegenerations: 1, fraction: 0.5 };
    const request = { preset, frames: 33, steps: [1000, 500], window: 9, trim };
    const { kept } = await recorded(request);
    const { trace } = readTrace(kept.text);
    for (const { x0, attempts } of trace.blocks) {
      const calls = x0.map(({ attempt, first, sheet }) => [attempt, first, sheet.count]);
      // A window of two steps is made again from its last call on; a block of Self Forcing from the first.
      const again = preset === 'rolling-forcing' ? [1, 1, 1] : [1, 0, 2];
      expect(calls).toEqual(attempts.length > 1 ? [[0, 0, 2], again] : [[0, 0, 2]]);
    }
    const { kept: live } = await recorded(request, { eachCall: true });
    const each = readTrace(live.text).trace.blocks.map(({ x0 }) => x0.map(({ sheet }) => sheet.count));
    expect(each.flat().every((count) => count === 1)).toBe(true);
  }
});

test('a baseline is measured, and taken as it comes; its latents are those of a run that nobody watches', async () => {
  const request = { frames: 33, steps: [1000, 500], trim: false } as const;
  const { kept } = await recorded(request, { latents: true });
  const { trace } = readTrace(kept.text);
  const severities = trace.blocks.map(({ attempts }) => attempts[0].review!.severity);
  expect(severities[0]).toBeNull();
  expect(severities.slice(1).every((severity) => severity! > 0)).toBe(true);
  expect(trace.begin?.video.trim).toBe(false);
  for await (const event of generate(device, model, { ...SMALL, ...request })) {
    if (event.kind !== 'block') continue;
    const { latents } = trace.blocks[event.block].accepted!;
    const [held] = kept.tensorFiles.get(latents!.file)!;
    expect(held.values).toEqual(Float32Array.from(await device.read(event.latents)));
  }
});

test('Wan2.1 itself: one block, no cache, no review', async () => {
  const { kept, seen } = await recorded({ preset: 'wan', frames: 9, steps: [3], trim: undefined });
  const { trace } = readTrace(kept.text);
  expect(trace.blocks).toHaveLength(1);
  expect(trace.blocks[0].attempts[0]).toMatchObject({ review: null });
  expect(trace.blocks[0].attempts[0].steps.map(({ seen }) => seen)).toEqual([null, null, null]);
  expect(trace.blocks[0].pictures.reduce((sum, { sheet }) => sum + sheet.count, 0)).toBe(seen.pictures);
});

test('a trace that is cut at any byte is read up to its last whole line', async () => {
  const { kept } = await recorded({
    ...{ frames: 9, steps: [1000] },
    watch: { attention: [{ tokens: [0] }], taps: [{ name: 'block0' }] },
  });
  const { text } = kept;
  const begins = text.indexOf('\n') + 1;
  for (let cut = begins; cut <= text.length; cut++) {
    const { trace, problem, length } = readTrace(text.slice(0, cut));
    const whole = text.lastIndexOf('\n', cut - 1) + 1;
    expect(length).toBe(whole);
    expect(trace.count).toBe(text.slice(0, whole).split('\n').length - 1);
    expect(problem === undefined).toBe(cut === text.length);
  }
  for (const cut of [1, begins - 2]) expect(() => readTrace(text.slice(0, cut))).toThrow('this is no trace');
});

test('a run that is left, that fails and that is stopped says so at its end', async () => {
  const kept = new Kept();
  const run = generate(device, model, { ...SMALL, frames: 33, steps: [1000] });
  for await (const event of recordRun(run, kept, device, model)) if (event.kind === 'block') break;
  expect(readTrace(kept.text).trace.end).toMatchObject({ status: 'stopped' });

  const failing = new Kept();
  const failed = recordRun(
    generate(device, model, { ...SMALL, frames: 33, noise: () => Promise.reject(new Error('no noise')) }),
    ...([failing, device, model] as const),
  );
  await expect(async () => {
    for await (const _ of failed);
  }).rejects.toThrow('no noise');

  const full = new Kept();
  full.tensors = () => Promise.reject(new Error('the disk is full'));
  const written = recordRun(generate(device, model, { ...SMALL, frames: 33, steps: [1000] }), full, device, model);
  await expect(async () => {
    for await (const _ of written);
  }).rejects.toThrow('the disk is full');
});
