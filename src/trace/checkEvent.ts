import type { TraceEvent } from './format.js';

// A trace may come from anywhere. What a reader goes by is looked at before it is believed: numbers that are numbers, and
// of a size that something can be drawn for. What else an event says is passed over.

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

/** Most tokens of a frame, and most of anything that is counted. */
const MOST_TOKENS = 2 ** 20;
const MOST = 1e6;

const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 1e15;
const whole = (least: number, most: number): Check => {
  return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
};
const count = whole(0, MOST);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= MOST && value.every(check);
const object =
  (fields: Fields): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(fields).every(([name, check]) => check((value as Record<string, unknown>)[name]));
  };
const flag: Check = (value) => typeof value === 'boolean';

const ref = orNull(object({ file: text, name: text }));
const tokens = orNull(list(whole(0, MOST_TOKENS)));
const block = whole(-MOST, MOST);
const seen = object({ frames: list(count), rows: whole(0, Number.MAX_SAFE_INTEGER) });
const side = whole(1, 16384);
const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
// A trace from before there was a choice of policies names none.
const parameters = object({
  ...{ fraction: number, sensitivity: number, warmup: count, maxRegenerations: count },
  ...{ policy: orAbsent(text), skipFirst: orAbsent(flag), falseAlarms: orAbsent(number) },
});

const video = object({
  method: text,
  title: text,
  model: orNull(text),
  seed: orNull(text),
  grid: (value) =>
    object({ height: whole(1, MOST_TOKENS), width: whole(1, MOST_TOKENS) })(value) &&
    (value as { height: number; width: number }).height * (value as { width: number }).width <= MOST_TOKENS,
  blocks: count,
  given: count,
  calls: number,
  framesPerBlock: whole(1, MOST),
  sink: count,
  window: orNull(count),
  steps: list(number),
  trim: (value) => value === false || value === 'own' || parameters(value),
  pictures: orNull(object({ width: side, height: side, count, fps: number })),
});

const EVENTS: Readonly<Record<string, Check>> = {
  begin: object({ program: text, video, adapter: orNull(text) }),
  stage: object({ stage: text }),
  note: object({ text }),
  cache: object({ came: list(count), left: list(count), lost: list(object({ frames: list(count), tokens: text })) }),
  step: object({
    ...{ block, attempt: count, step: count, firstFrame: count },
    ...{ timesteps: list(number), seen: orNull(seen), seconds: orNull(number) },
  }),
  motion: object({
    ...{ block, attempt: count, step: count, before: number, after: orNull(number) },
    change: object({ largest: number, mean: number }),
    maps: object({ before: object({ file: text, name: text }), after: ref }),
  }),
  attention: object({
    ...{
      block,
      attempt: count,
      step: count,
      frames: list(count),
      layers: list(count),
      tokens: list(whole(0, MOST_TOKENS)),
    },
    ...{ keys: list(count), cached: count, shares: object({ file: text, name: text }) },
  }),
  tap: object({
    ...{ block, attempt: count, step: count, frames: list(count), name: text },
    values: object({ file: text, name: text }),
  }),
  review: object({
    ...{ block, attempt: count, unstable: tokens, pruned: tokens, drift: ref },
    ...{ severity: orNull(number), mean: orNull(number), std: orNull(number), threshold: orNull(number) },
  }),
  write: object({ block, firstFrame: count, seen }),
  block: object({
    ...{ block, firstFrame: count, frames: whole(1, MOST), given: flag, attempts: whole(1, MOST), triggered: flag },
    ...{ seconds: number, memory: number, latents: ref },
  }),
  pictures: object({
    ...{ block, attempt: count, role: text, first: count },
    sheet: object({ file: text, count: whole(1, MOST), columns: whole(1, MOST), width: side, height: side }),
  }),
  end: object({ status: text, message: orNull(text) }),
};

/** Whether an object of a trace is what its kind says; kinds that are not known are nobody's business. */
export function isEvent(value: unknown): value is TraceEvent {
  if (!object({ kind: text, at: number })(value)) return false;
  const { kind } = value as TraceEvent;
  return !Object.hasOwn(EVENTS, kind) || EVENTS[kind](value);
}
