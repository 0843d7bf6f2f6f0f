import { cast } from '../../kernels/elementwise/cast.js';
import { rope } from '../../kernels/rope/rope.js';
import { callType } from '../../kernels/rows/keyType.js';
import type { CacheCall, KvCache, SeenPast } from './kvCache.js';
import { ropeTable } from './rope.js';

/** One call of Rolling Forcing on the cache. */
export interface RollingCall {
  /** First frame of the window; its first block is the one that the cache has reserved frames for. */
  readonly firstFrame: number;
  readonly framesPerBlock: number;
  /** Cached frames before the window, the anchor not counted, that the call attends to: the most recent ones. */
  readonly recentFrames: number;
  /** Frame index at which the anchor's keys are rotated for this call; undefined where the anchor is not seen. */
  readonly anchorFrame: number | undefined;
  /** Whether the call writes its first block's keys and values: the anchor's unrotated, all others' rotated. */
  readonly writes: boolean;
  readonly grid: { readonly gridHeight: number; readonly gridWidth: number; readonly heads: number };
}

/** What of the past a call attends to: the anchor where it is seen, and the recent frames. */
export function rollingPast(
  cache: KvCache,
  { firstFrame, recentFrames, anchorFrame }: Pick<RollingCall, 'firstFrame' | 'recentFrames' | 'anchorFrame'>,
): SeenPast {
  const isRecent = (frame: number) => frame >= firstFrame - recentFrames && frame < firstFrame;
  return cache.seen((frame) => (frame < cache.options.sink ? anchorFrame !== undefined : isRecent(frame)));
}

/**
 * A call as Rolling Forcing makes it: anchor, recent frames, then the window's own tokens. The anchor (the first block)
 * is cached without rotation; every call that sees it rotates a copy, one layer at a time, to whatever position that call
 * gives it.
 * Source: TencentARC/RollingForcing wan/modules/causal_model.py CausalWanSelfAttention.forward.
 */
export function rollingCall(cache: KvCache, call: RollingCall): CacheCall {
  const { device } = cache;
  const { sink, dim, dtype = 'f32' } = cache.options;
  const type = callType(dtype);
  const { firstFrame, framesPerBlock, recentFrames, anchorFrame, writes, grid } = call;
  const upload = (rows: number[]) => device.upload(Uint32Array.from(rows), [rows.length]);
  const isAnchor = (frame: number) => frame < sink;
  const isRecent = (frame: number) => !isAnchor(frame) && frame >= firstFrame - recentFrames && frame < firstFrame;
  const isOwn = (frame: number) => frame >= firstFrame && frame < firstFrame + framesPerBlock;

  const anchor = anchorFrame !== undefined && {
    rows: upload(cache.rows(isAnchor)),
    table: ropeTable(device, { startFrame: anchorFrame, frames: sink, headDim: dim / grid.heads, ...grid }),
  };
  const pastRows = cache.rows(isRecent);
  const past = pastRows.length > 0 ? upload(pastRows) : undefined;
  const own = writes ? upload(cache.rows(isOwn)) : undefined;

  return {
    past: (layer) => past && { ...cache.layers[layer], rows: past },
    copies: (layer) => {
      if (!anchor) return undefined;
      const turned = device.scope(() => {
        const plain = cache.gather(layer, 'keys', anchor.rows, 'f32');
        return cast(rope(plain, anchor.table, grid.heads), type);
      });
      return { keys: turned, values: cache.gather(layer, 'values', anchor.rows, type) };
    },
    store: (layer, { plainKeys, turnedKeys, values }) => {
      if (own) cache.write(layer, own, isAnchor(firstFrame) ? plainKeys() : turnedKeys, values);
    },
    frames: [
      ...cache.frames.filter(({ frame }) => isRecent(frame)),
      ...(anchor ? cache.frames.filter(({ frame }) => isAnchor(frame)) : []),
    ],
  };
}
