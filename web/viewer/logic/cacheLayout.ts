import type { TracedVideo } from '../../../src/trace/format.js';
import type { CacheState, TracedAttempt } from '../../../src/trace/traceReader.js';
import type { BlockFacts } from './facts.js';

/** What stands for a frame of the cache: `ahead` is a later block of a rolling window, denoised in the same call. */
export type FrameKind = 'sink' | 'gone' | 'recent' | 'own' | 'ahead';

/** A latent frame as a small map of tokens. */
export interface CachedFrame {
  readonly frame: number;
  /** Tokens that went for this block, and that had gone before. */
  readonly removed: readonly number[];
  readonly before: readonly number[];
  /** Whether the call attended to it. */
  readonly isSeen: boolean;
}

/** Frames that lie together. */
export interface FrameGroup {
  readonly kind: FrameKind;
  readonly name: string;
  readonly note: string;
  readonly frames: readonly CachedFrame[];
}

/** Evicted frames that are drawn; there may be hundreds. */
const GHOSTS = 3;

/** What an attempt at a block could see: the sink, what was evicted, the recent frames, its own. */
export function cacheLayout(facts: BlockFacts, attempt: TracedAttempt, video: TracedVideo): readonly FrameGroup[] {
  const first = facts.firstFrame;
  if (first === null || video.method === 'latents' || video.method === 'wan') return [];
  const before = facts.traced.attempts[0]?.cache ?? attempt.cache;
  const seen = attempt.steps.at(-1)?.seen;
  const frameOf = (frame: number): CachedFrame => {
    const isSeen = frame >= first || (seen?.frames.includes(frame) ?? true);
    return mapOf(frame, attempt.cache, before, isSeen);
  };
  const cached = [...attempt.cache.keys()].filter((frame) => frame < first);
  const sink = cached.filter((frame) => frame < video.sink);
  const recent = cached.filter((frame) => frame >= video.sink);
  const gone = range(0, first).filter((frame) => !attempt.cache.has(frame));
  const ahead = range(first + facts.frames, first + (attempt.steps.at(-1)?.timesteps.length ?? 0));
  const isRolling = video.method === 'rolling-forcing';
  const groups: FrameGroup[] = [
    {
      kind: 'sink',
      name: isRolling ? 'anchor' : 'sink',
      note: isRolling ? 'always seen' : 'never evicted',
      frames: sink.map(frameOf),
    },
    {
      kind: 'gone',
      name: 'evicted',
      note: gone.length > GHOSTS ? `${gone.length} frames` : '',
      frames: gone.slice(-GHOSTS).map(frameOf),
    },
    { kind: 'recent', name: 'recent', note: lastOf(recent.length), frames: recent.map(frameOf) },
    { kind: 'own', name: facts.name, note: '', frames: range(first, first + facts.frames).map(frameOf) },
    { kind: 'ahead', name: 'next blocks', note: 'denoised in the same call', frames: ahead.map(frameOf) },
  ];
  return groups.filter(({ frames }) => frames.length > 0);
}

/** Tokens of cached frames, how many were removed, and how many of those for an earlier block. */
export interface CacheCount {
  readonly tokens: number;
  readonly removed: number;
  readonly earlier: number;
}

/** Counts what a block could see of the past. */
export function countCache(groups: readonly FrameGroup[], tokens: number): CacheCount {
  const past = groups.filter(({ kind }) => kind === 'sink' || kind === 'recent').flatMap(({ frames }) => frames);
  const earlier = past.reduce((sum, { before }) => sum + before.length, 0);
  const removed = past.reduce((sum, frame) => sum + frame.removed.length, earlier);
  return { tokens: past.length * tokens, removed, earlier };
}

function mapOf(frame: number, cache: CacheState, before: CacheState, isSeen: boolean): CachedFrame {
  const lost = [...(cache.get(frame) ?? [])];
  const old = before.get(frame);
  return {
    frame,
    removed: lost.filter((token) => !old?.has(token)),
    before: lost.filter((token) => old?.has(token)),
    isSeen,
  };
}

const range = (from: number, until: number) => Array.from({ length: Math.max(0, until - from) }, (_, i) => from + i);
const lastOf = (count: number) => (count > 1 ? `the last ${count} frames` : count === 1 ? 'the last frame' : '');
