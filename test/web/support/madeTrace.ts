import { RunningStatistics, severity, unstableTokens } from '../../../src/tokentrim/severity.js';
import { TRIM_DEFAULTS, type TrimOptions } from '../../../src/tokentrim/trimOptions.js';
import type { Sheet, StepEvent, TracedVideo, TraceEvent } from '../../../src/trace/format.js';
import { TRACE_VERSION } from '../../../src/trace/format.js';
import { encodeTokens } from '../../../src/trace/tokenSet.js';
import type { TracedTensor } from '../../../src/trace/traceSink.js';
import { paint, type RawSheet, seeded } from './madePictures.js';

/** What a made-up run is like. */
export interface MadeRun {
  readonly method?: TracedVideo['method'];
  readonly title?: string;
  readonly seed?: number;
  readonly blocks?: number;
  /** Blocks whose first try moves much. */
  readonly jumps?: readonly number[];
  /** How much the second try of those moves, as a share of the first: less, or more than 1. */
  readonly after?: number;
  readonly sink?: number;
  readonly window?: number;
  readonly grid?: TracedVideo['grid'];
  readonly trim?: Partial<TrimOptions> | false;
  readonly given?: number;
  /** Tokens whose attention is kept, and a part of the DiT; block by block. */
  readonly inside?: readonly number[];
  /** A picture's side in pixels; none where 0. */
  readonly side?: number;
  /** How it ends; null where it is going on. */
  readonly end?: 'finished' | 'stopped' | 'failed' | null;
}

/** A made-up trace: consistent as a run's, and written in no time. */
export interface MadeTrace {
  readonly events: readonly TraceEvent[];
  readonly tensors: ReadonlyMap<string, readonly TracedTensor[]>;
  readonly sheets: ReadonlyMap<string, RawSheet>;
}

const STEPS = [1000, 750, 500, 250];
const FRAMES = 3;

/** Makes one: the statistics, sets and thresholds are the method's own, of drifts that a seed draws. */
export function madeTrace(options: MadeRun = {}): MadeTrace {
  const { method = 'self-forcing', blocks = 7, seed = 24, sink = 0, window = 12, given = 0, side = 64 } = options;
  const { jumps = [5], after = 0.93, grid = { height: 4, width: 4 }, end = 'finished' } = options;
  const trim = options.trim === false ? (false as const) : { ...TRIM_DEFAULTS, ...options.trim };
  const random = seeded(seed);
  const tokens = grid.height * grid.width;
  const events: TraceEvent[] = [];
  const tensors = new Map<string, readonly TracedTensor[]>();
  const sheets = new Map<string, RawSheet>();
  const cache = new Map<number, Set<number>>();
  const statistics = new RunningStatistics();
  const isLatents = method === 'latents';
  const isRolling = method === 'rolling-forcing';
  const hasCache = !isLatents && method !== 'wan';
  let at = 0;
  let shown = 0;
  const push = (event: Record<string, unknown>) => {
    at += 0.01;
    events.push({ at: Math.round(at * 1000) / 1000, ...event } as unknown as TraceEvent);
  };
  const sheet = (name: string, block: number, count: number, wobble: number): Sheet => {
    const raw = paint({ side, count, block, wobble, seed });
    sheets.set(`${name}.webp`, raw);
    return { file: `${name}.webp`, count, columns: raw.columns, width: side, height: side };
  };
  const seen = (firstFrame: number) => {
    const frames = [...cache.keys()].filter((frame) => frame < firstFrame);
    return { frames, rows: frames.reduce((sum, frame) => sum + tokens - (cache.get(frame)?.size ?? 0), 0) };
  };

  push({
    kind: 'begin',
    version: TRACE_VERSION,
    program: 'tokentrim test',
    date: '2026-11-26T12:00:00Z',
    plan: null,
    adapter: isLatents ? null : 'made up',
    video: {
      method,
      title: options.title ?? 'a red circle bounces left and right on a navy background',
      model: isLatents ? null : 'toy-world',
      seed: isLatents ? null : String(seed),
      grid,
      blocks,
      given,
      calls: blocks * STEPS.length,
      framesPerBlock: FRAMES,
      sink,
      window: isLatents ? null : window,
      steps: isLatents ? [] : STEPS,
      trim,
      pictures: side > 0 && !isLatents ? { width: side, height: side, count: blocks * 12 - 3, fps: 16 } : null,
    } satisfies TracedVideo,
  });
  if (!isLatents) for (const stage of ['text', 'weights', 'rollout']) push({ kind: 'stage', stage });

  for (let index = 0; index < blocks + given; index++) {
    const block = index - given;
    const firstFrame = index * FRAMES;
    const own = Array.from({ length: FRAMES }, (_, frame) => firstFrame + frame);
    const isGiven = block < 0;
    if (hasCache) {
      const left = [...cache.keys()]
        .filter((frame) => frame >= sink)
        .slice(0, Math.max(0, cache.size + FRAMES - window));
      for (const frame of left) cache.delete(frame);
      for (const frame of own) cache.set(frame, new Set());
      push({ kind: 'cache', came: own, left, lost: [] });
    }
    let attempt = 0;
    for (; !isGiven; attempt++) {
      if (!isLatents) {
        // A rolling window is one call for a block; it holds the next blocks too, noisier one by one.
        const window = Math.min(STEPS.length, blocks - block);
        const rolling = [
          Array.from({ length: window * FRAMES }, (_, frame) => STEPS[STEPS.length - 1 - Math.floor(frame / FRAMES)]),
        ];
        const calls = isRolling ? rolling : STEPS.map((step) => own.map(() => step));
        calls.forEach((timesteps, call) => {
          at += 0.1;
          push({
            kind: 'step',
            block,
            attempt,
            step: call,
            firstFrame,
            timesteps,
            seen: hasCache ? seen(firstFrame) : null,
            seconds: 0.1,
          } satisfies Omit<StepEvent, 'at'>);
        });
      }
      if (options.inside) {
        const step = STEPS.length - 1;
        const place = { block, attempt, step, frames: own };
        const keys = [...cache.keys()];
        const layers = [0, 5];
        const shape = [layers.length, options.inside.length, FRAMES, keys.length];
        const shares = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.2 + random());
        for (let row = 0; row < shares.length; row += keys.length) {
          const sum = shares.subarray(row, row + keys.length).reduce((a, b) => a + b);
          for (let key = 0; key < keys.length; key++) shares[row + key] /= sum;
        }
        const attention = { file: `attention/${block}.${attempt}.safetensors`, name: 'shares' };
        const cached = keys.length - FRAMES;
        tensors.set(attention.file, [{ name: 'shares', shape, dtype: 'f32', values: shares }]);
        push({ kind: 'attention', ...place, layers, tokens: options.inside, keys, cached, shares: attention });
        const values = Float32Array.from({ length: FRAMES * tokens * 8 }, () => 2 * random() - 1);
        const tap = { file: `taps/${block}.${attempt}.safetensors`, name: 'block5.ffn' };
        tensors.set(tap.file, [{ name: tap.name, shape: [FRAMES, tokens, 8], dtype: 'f32', values }]);
        push({ kind: 'tap', ...place, name: tap.name, values: tap });
      }
      const isJump = jumps.includes(block);
      const force = (isJump ? 15 : 7 + 5 * random()) * (attempt > 0 ? after : 1);
      const drift = Float32Array.from({ length: tokens }, (_, token) => driftOf(token, grid, force, block, random));
      const isMeasured = block > 0 && trim !== false;
      const set = isMeasured ? unstableTokens(drift, trim.fraction) : null;
      const value = isMeasured ? severity(drift, set as number[]) : null;
      const hasLimit = isMeasured && statistics.count > 0;
      const limit = hasLimit ? statistics.mean + trim.sensitivity * statistics.std : null;
      const isAbove = value !== null && limit !== null && value > limit && block > (trim as TrimOptions).warmup;
      const prunes = isAbove && !isLatents && attempt < (trim as TrimOptions).maxRegenerations;
      const file = `drift/${String(block).padStart(4, '0')}.${attempt}.safetensors`;
      if (isMeasured) {
        tensors.set(file, [{ name: 'drift', shape: [grid.height, grid.width], dtype: 'f16', values: drift }]);
      }
      push({
        kind: 'review',
        block,
        attempt,
        severity: value,
        unstable: set,
        mean: hasLimit ? statistics.mean : null,
        std: hasLimit ? statistics.std : null,
        threshold: limit,
        pruned: prunes ? set : null,
        drift: isMeasured ? { file, name: 'drift' } : null,
      });
      if (side > 0 && !isLatents) {
        const x0 = sheet(`x0/${block}.${attempt}`, block, STEPS.length, 3 + 8 * attempt);
        push({ kind: 'pictures', block, attempt, role: 'x0', sheet: x0, first: 0 });
      }
      if (!prunes) {
        if (value !== null) statistics.add(value);
        break;
      }
      const past = [...cache.keys()].filter((frame) => frame >= sink && frame < firstFrame);
      for (const frame of past) for (const token of set as number[]) cache.get(frame)?.add(token);
      push({
        kind: 'cache',
        came: [],
        left: [],
        lost: [{ frames: past, tokens: encodeTokens(set as number[], tokens) }],
      });
      if (side > 0) {
        const rejected = sheet(`rejected/${block}.${attempt}`, block, 12, 0);
        push({ kind: 'pictures', block, attempt, role: 'rejected', sheet: rejected, first: shown });
      }
    }
    if (hasCache) push({ kind: 'write', block, firstFrame, seen: seen(firstFrame) });
    push({
      kind: 'block',
      block,
      firstFrame,
      frames: FRAMES,
      given: isGiven,
      attempts: attempt + 1,
      triggered: attempt > 0,
      seconds: isLatents ? 0 : 0.5 * (attempt + 1),
      memory: 1 << 26,
      latents: null,
    });
    if (side > 0 && !isLatents) {
      const count = index === 0 ? 9 : 12;
      push({
        kind: 'pictures',
        block,
        attempt: 0,
        role: 'video',
        sheet: sheet(`pictures/${index}`, block, count, 8 * attempt),
        first: shown,
      });
      shown += count;
    }
  }
  if (end !== null) push({ kind: 'end', status: end, message: end === 'failed' ? 'the device was lost' : null });
  return { events, tensors, sheets };
}

/** Much in the middle, little at the edges. */
function driftOf(
  token: number,
  { height, width }: TracedVideo['grid'],
  force: number,
  block: number,
  random: () => number,
): number {
  const [x, y] = [((token % width) + 0.5) / width, (Math.floor(token / width) + 0.5) / height];
  const centre = 0.5 + 0.12 * Math.sin(2.2 * block);
  const distance = ((x - centre) ** 2 + (y - 0.58) ** 2) / 0.05;
  return 0.3 + force * Math.exp(-distance) * (0.92 + 0.16 * random()) + 0.6 * random();
}

/** The text of events.jsonl. */
export const linesOf = (events: readonly TraceEvent[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join('');
