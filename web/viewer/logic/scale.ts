import type { BlockFacts } from './facts.js';

/** Heights of the chart: severities in, pixels out. */
export interface Scale {
  readonly y: (value: number) => number;
  /** Whether a limit lies so far above all severities that it is drawn at the upper edge. */
  readonly isBeyond: (limit: number) => boolean;
  /** The axis. */
  readonly base: number;
}

const TOP = 22;
const BOTTOM = 8;
/** Where a limit is drawn that lies beyond. */
const EDGE = 2;
/** A limit more times the largest severity would press all dots flat. */
const BEYOND = 2;
/** Below the lowest dot, as a share of what lies above it: room for a word. */
const ROOM = 0.22;

/**
 * From a severity to its height, the same for every part of a run: from zero, unless all of them lie far above it.
 * @param more severities that are drawn besides: another run's
 * @param limits another threshold
 */
export function scaleOf(
  all: readonly BlockFacts[],
  height: number,
  more: readonly number[] = [],
  limits: readonly number[] = [],
): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, 1e-6];
  const take = (value: number) => {
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const { tries } of all) for (const value of tries) take(value);
  for (const value of more) take(value);
  const most = BEYOND * high;
  const own = all.flatMap(({ threshold, outcome }) => (threshold === null || outcome === 'warmup' ? [] : [threshold]));
  for (const limit of [...own, ...limits]) if (limit <= most) take(limit);
  const top = high * 1.08;
  const bottom = Math.min(low, top);
  const isFromZero = bottom / top < 0.4 || bottom === top;
  const floor = isFromZero ? Math.min(0, bottom - ROOM * (top - bottom)) : bottom - 0.45 * (top - bottom);
  const base = height - BOTTOM;
  return {
    base,
    y: (value) => (value > most ? EDGE : base - ((value - floor) / (top - floor)) * (base - TOP)),
    isBeyond: (limit) => limit > most,
  };
}

/** Columns of a timeline: so wide each, all of them in the room or scrolled. */
export interface Columns {
  readonly pitch: number;
  readonly width: number;
}

/** Shares the room out among blocks, each of which gets at least so many pixels. */
export function columnsOf(count: number, room: number, least: number): Columns {
  const pitch = Math.max(least, room / Math.max(1, count));
  return { pitch, width: Math.max(room, pitch * count) };
}

/** The columns in sight and some beside them: from, until. */
export function visibleColumns(
  count: number,
  { pitch }: Columns,
  scroll: number,
  room: number,
): readonly [number, number] {
  const beside = 3;
  const from = Math.max(0, Math.floor(scroll / pitch) - beside);
  return [Math.min(from, count), Math.min(count, Math.ceil((scroll + room) / pitch) + beside)];
}

/** How far to scroll so that a column is in sight with one beside it: as little as that takes. */
export function scrollTo(index: number, { pitch }: Columns, scroll: number, room: number): number {
  const most = Math.max(0, (index - 1) * pitch);
  const least = (index + 2) * pitch - room;
  return Math.min(most, Math.max(least, scroll));
}
