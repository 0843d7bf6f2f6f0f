import type { ReviewEvent, StepEvent, TraceEvent } from './format.js';
import type { WholeEvents } from './traceEvents.js';

/**
 * An event of the format that chrome://tracing and Perfetto open; times in microseconds.
 * Source: "Trace Event Format", https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export interface ChromeEvent {
  /** M: a name of a track. X: something with a beginning and an end. i: a moment. C: a value over time. */
  readonly ph: 'M' | 'X' | 'i' | 'C';
  readonly name: string;
  readonly pid: 1;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  /** Of a moment: t, that it is its track's alone. */
  readonly s?: 't';
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface ChromeTrace {
  readonly otherData: { readonly program: string; readonly title: string; readonly method: string };
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly ChromeEvent[];
}

const TRACKS = ['stages', 'blocks', 'attempts', 'calls', 'reviews'] as const;
type Track = (typeof TRACKS)[number];

/** A trace as those viewers have it: what overlaps on a track is cut, for there it would have to be nested. */
export function chromeTrace({ events, trace }: WholeEvents): ChromeTrace {
  const made: ChromeEvent[] = [
    named('process_name', 0, trace.begin?.video.title ?? ''),
    ...TRACKS.map((track) => named('thread_name', tidOf(track), track)),
    ...TRACKS.map((track) => named('thread_sort_index', tidOf(track), tidOf(track))),
  ];
  const ends = new Map<Track, number>();
  const span = (track: Track, name: string, from: number, to: number, args: ChromeEvent['args'] = {}) => {
    const start = Math.max(from, ends.get(track) ?? 0);
    const end = Math.max(to, start);
    ends.set(track, end);
    made.push({ ph: 'X', name, pid: 1, tid: tidOf(track), ts: micro(start), dur: micro(end) - micro(start), args });
  };
  const count = (name: string, at: number, args: Record<string, number>) =>
    made.push({ ph: 'C', name, pid: 1, tid: 0, ts: micro(at), args });
  const last = events.at(-1)?.at ?? 0;
  const stages = events.filter((event) => event.kind === 'stage');
  for (const [index, { stage, at }] of stages.entries()) span('stages', stage, at, stages[index + 1]?.at ?? last);
  const attempts = new Map<string, { from: number; to: number; first: StepEvent }>();
  for (const event of events) {
    if (event.kind === 'step') {
      const { at, block, attempt, step, timesteps, seen, firstFrame } = event;
      const seconds = event.seconds ?? 0;
      const key = `${block}.${attempt}`;
      const { from = at - seconds, first = event } = attempts.get(key) ?? {};
      attempts.set(key, { from, to: at, first });
      span('calls', `step ${step}`, at - seconds, at, { block, attempt, firstFrame, timesteps, ...seen });
    }
    if (event.kind === 'write') {
      const { at, block, firstFrame, seen } = event;
      const args = { block, firstFrame, ...seen };
      made.push({ ph: 'i', s: 't', name: 'write', pid: 1, tid: tidOf('calls'), ts: micro(at), args });
    }
    if (event.kind === 'review') {
      made.push({
        ph: 'i',
        s: 't',
        name: verdictOf(event),
        pid: 1,
        tid: tidOf('reviews'),
        ts: micro(event.at),
        args: factsOf(event),
      });
      if (event.severity !== null)
        count('severity', event.at, {
          severity: event.severity,
          ...(event.threshold !== null && { threshold: event.threshold }),
        });
    }
    if (event.kind === 'block') {
      const { at, block, seconds, attempts: tries, given, triggered, firstFrame, frames, memory } = event;
      span('blocks', given ? 'given' : `block ${block}`, at - seconds, at, {
        attempts: tries,
        triggered,
        firstFrame,
        frames,
      });
      count('memory', at, { bytes: memory });
    }
    if (event.kind === 'note')
      made.push({ ph: 'i', s: 't', name: event.text, pid: 1, tid: tidOf('stages'), ts: micro(event.at) });
  }
  const reviews = new Map<string, ReviewEvent>();
  for (const event of events) {
    const key = event.kind === 'review' && `${event.block}.${event.attempt}`;
    if (key && !reviews.has(key)) reviews.set(key, event as ReviewEvent);
  }
  for (const { from, to, first } of attempts.values()) {
    const { block, attempt } = first;
    const review = reviews.get(`${block}.${attempt}`);
    span(
      'attempts',
      `block ${block}, attempt ${attempt}`,
      from,
      Math.max(to, review?.at ?? to),
      review && factsOf(review),
    );
  }
  const { program = '', video } = trace.begin ?? {};
  const about = { program, title: video?.title ?? '', method: video?.method ?? '' };
  return { otherData: about, displayTimeUnit: 'ms', traceEvents: made };
}

const tidOf = (track: Track) => 1 + TRACKS.indexOf(track);
const micro = (seconds: number) => Math.round(seconds * 1e6);

const named = (name: string, tid: number, value: string | number): ChromeEvent => ({
  ...{ ph: 'M', name, pid: 1, tid },
  args: typeof value === 'number' ? { sort_index: value } : { name: value },
});

const verdictOf = ({ block, pruned }: ReviewEvent) =>
  pruned ? `block ${block}: ${pruned.length} tokens a frame pruned` : `block ${block}: accepted`;

function factsOf({
  attempt,
  severity,
  mean,
  std,
  threshold,
  pruned,
  unstable,
}: Extract<TraceEvent, { kind: 'review' }>) {
  return {
    attempt,
    severity,
    mean,
    std,
    threshold,
    pruned: pruned?.length ?? null,
    unstable: unstable?.length ?? null,
  };
}
