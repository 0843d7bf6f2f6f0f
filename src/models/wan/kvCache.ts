import { ensure } from '../../errors.js';
import { cast } from '../../kernels/elementwise/cast.js';
import { KEY_TYPES, type KeyType } from '../../kernels/rows/keyType.js';
import { gatherQuantizedRows, updateQuantizedRows } from '../../kernels/rows/quantizedRows.js';
import { quantizedWords } from '../../kernels/rows/quantizedWords.js';
import { gatherRows, updateRows } from '../../kernels/rows/rows.js';
import { checkOptions, checkTokens, optionsOf } from '../../options/checkOptions.js';
import { count, oneOf } from '../../options/fields.js';
import type { Device } from '../../tensor/device.js';
import type { FloatType, Tensor } from '../../tensor/tensor.js';

/** What one forward call sees of the past, and what becomes of the keys and values that it makes. */
export interface CacheCall {
  /** Cached keys (rotated), values and the rows of them to attend to; undefined where there is no past. */
  past(layer: number): { keys: Tensor; values: Tensor; rows: Tensor } | undefined;
  /** Copies of cached keys and values [rows, dim] that the call sees too, with rotations of their own. */
  copies?(layer: number): { keys: Tensor; values: Tensor } | undefined;
  /** Takes this call's keys, before rotation for who asks and after it, and values, all [tokens, dim] of the cache's type. */
  store(layer: number, made: { plainKeys: () => Tensor; turnedKeys: Tensor; values: Tensor }): void;
  /** Whose keys `past`, then `copies`, hold, in order: so many of each frame. */
  readonly frames?: readonly { readonly frame: number; readonly tokens: number }[];
  /** Whether the call attends to its own tokens: true where absent; padding is not seen, not even by itself. */
  readonly seesItself?: boolean;
}

/** A latent frame in the cache: its place in the video, its rows, and which of its tokens are still there. */
export interface CachedFrame {
  readonly frame: number;
  readonly slot: number;
  /** Another one each time that room is made for the frame: its rows are written after that, and stay as they are then. */
  stamp: number;
  /** Spatial indices of the tokens that were not pruned, ascending. */
  live: readonly number[];
}

/** A row of the cache: keys and values of one token. */
export interface CachedToken {
  readonly row: number;
  /** Latent frame of the video. */
  readonly frame: number;
  /** Spatial index in its frame: row by row of the token grid. */
  readonly token: number;
}

/** What of the past a call attends to: latent frames of the video, ascending, and the rows that they have left. */
export interface SeenPast {
  readonly frames: readonly number[];
  readonly rows: number;
}

/** What a cache is sized by. */
export interface KvCacheOptions {
  readonly layers: number;
  readonly dim: number;
  readonly tokensPerFrame: number;
  /** Latent frames that fit; a new block evicts the oldest ones after the sink. */
  readonly capacity: number;
  /** Frames at the start of the video that are never evicted and never pruned. */
  readonly sink: number;
  /** How keys and values are held; f32 where absent. */
  readonly dtype?: KeyType;
  /** Heads of a row, each of which has a scale; for `dtype` i8. */
  readonly heads?: number;
}

const cacheSchema = optionsOf<KvCacheOptions>()({
  layers: count(1),
  dim: count(1),
  tokensPerFrame: count(1),
  capacity: count(1),
  sink: count(0),
  dtype: oneOf(KEY_TYPES).optional(),
  heads: count(1).optional(),
});

/**
 * The temporal KV cache. A frame keeps the rows of its slot for as long as it is cached; eviction and pruning only change
 * the list of rows that attention reads, so neither copies anything and memory never grows. Windows are counted in
 * frames: one that lost tokens still takes one frame's place.
 */
export class KvCache {
  /** For every layer keys and values [capacity * tokensPerFrame, dim], in 8 bits u32 [.., quantizedWords]. */
  readonly layers: readonly { readonly keys: Tensor; readonly values: Tensor }[];
  #frames: CachedFrame[] = [];
  #freeSlots: number[];
  #stamps = 0;

  constructor(
    readonly device: Device,
    readonly options: KvCacheOptions,
  ) {
    checkOptions('KvCache', cacheSchema, options);
    const { layers, dim, tokensPerFrame, capacity, dtype = 'f32' } = options;
    const rows = capacity * tokensPerFrame;
    const zeros = () => {
      if (dtype !== 'i8') return device.zeros([rows, dim], dtype);
      return device.zeros([rows, quantizedWords(dim, this.#heads)], 'u32');
    };
    this.layers = Array.from({ length: layers }, () => ({ keys: zeros(), values: zeros() }));
    this.#freeSlots = Array.from({ length: capacity }, (_, slot) => slot);
  }

  /** Cached frames in video order, with the number of tokens that each has left. */
  get frames(): { frame: number; tokens: number }[] {
    return this.#frames.map(({ frame, live }) => ({ frame, tokens: live.length }));
  }

  /** The same with the tokens themselves, ascending. */
  get liveTokens(): { frame: number; live: readonly number[] }[] {
    return this.#frames.map(({ frame, live }) => ({ frame, live }));
  }

  /** Those that `chosen` accepts, and how many rows they have. */
  seen(chosen: (frame: number) => boolean): SeenPast {
    const frames = this.#frames.filter(({ frame }) => chosen(frame));
    return { frames: frames.map(({ frame }) => frame), rows: frames.reduce((rows, { live }) => rows + live.length, 0) };
  }

  /** Every row that attention can read, in video order, and what it holds: which token of which frame. */
  liveRows(): CachedToken[] {
    const { tokensPerFrame } = this.options;
    return this.#frames.flatMap(({ frame, slot, live }) =>
      live.map((token) => ({ row: slot * tokensPerFrame + token, frame, token })),
    );
  }

  /** Makes room for the frames first ... first + count - 1; frames that are there already are whole again. */
  reserve(first: number, count: number): void {
    const { capacity, sink, tokensPerFrame } = this.options;
    ensure(
      count + Math.min(sink, first) <= capacity,
      `the KV cache holds ${capacity} latent frames, a block of ${count} beside a sink of ${sink} needs ` +
        `${count + sink}: use a larger window or a smaller sink`,
    );
    const everything = Array.from({ length: tokensPerFrame }, (_, token) => token);
    for (let frame = first; frame < first + count; frame++) {
      const cached = this.#frames.find((entry) => entry.frame === frame);
      const stamp = this.#stamps++;
      if (cached) Object.assign(cached, { live: everything, stamp });
      else this.#frames.push({ frame, slot: this.#freeSlots.pop() ?? this.#evict(), live: everything, stamp });
    }
  }

  /** What is cached and where, to be kept beside the rows (`cacheFrames.ts`). */
  get state(): { frames: readonly CachedFrame[]; freeSlots: readonly number[] } {
    return { frames: this.#frames.map((cached) => ({ ...cached })), freeSlots: [...this.#freeSlots] };
  }

  /** Takes on the state of another cache of the same options; its rows are written into the slots one by one. */
  restore({ frames, freeSlots }: KvCache['state']): void {
    const { capacity, tokensPerFrame } = this.options;
    const slots = [...frames.map(({ slot }) => slot), ...freeSlots].sort((left, right) => left - right);
    ensure(
      slots.length === capacity && slots.every((slot, index) => slot === index),
      `KvCache.restore: ${frames.length} frames and ${freeSlots.length} free slots are not those of a cache of ${capacity}`,
    );
    for (const { live } of frames) checkTokens('KvCache.restore: what is live', live, tokensPerFrame);
    this.#frames = frames.map((cached) => ({ ...cached }));
    this.#freeSlots = [...freeSlots];
    this.#stamps = Math.max(0, ...frames.map(({ stamp }) => stamp + 1));
  }

  /** Rows of the frames that `chosen` accepts, frame by frame, each in token order. */
  rows(chosen: (frame: number) => boolean): number[] {
    const { tokensPerFrame } = this.options;
    return this.#frames
      .filter(({ frame }) => chosen(frame))
      .flatMap(({ slot, live }) => live.map((token) => slot * tokensPerFrame + token));
  }

  /** Removes the tokens, for good, from every frame before `beforeFrame` that is not a sink. */
  prune(tokens: readonly number[], beforeFrame: number): void {
    checkTokens('KvCache.prune: what is pruned', tokens, this.options.tokensPerFrame);
    const pruned = new Set(tokens);
    for (const cached of this.#frames) {
      if (cached.frame < this.options.sink || cached.frame >= beforeFrame) continue;
      cached.live = cached.live.filter((token) => !pruned.has(token));
    }
  }

  /** Writes the first rows of `keys` and `values` [tokens, dim] over the given rows, in place. */
  write(layer: number, rows: Tensor, keys: Tensor, values: Tensor): void {
    const update = (cache: Tensor, made: Tensor) =>
      this.options.dtype === 'i8' ? updateQuantizedRows(cache, rows, made, this.#heads) : updateRows(cache, rows, made);
    update(this.layers[layer].keys, keys);
    update(this.layers[layer].values, values);
  }

  /** Copies chosen rows of a layer's keys or values, [rows, dim] of a type. */
  gather(layer: number, part: 'keys' | 'values', rows: Tensor, type: FloatType): Tensor {
    const table = this.layers[layer][part];
    const { dim, dtype } = this.options;
    return this.device.scope(() =>
      cast(dtype === 'i8' ? gatherQuantizedRows(table, rows, dim, this.#heads) : gatherRows(table, rows), type),
    );
  }

  dispose(): void {
    for (const { keys, values } of this.layers) {
      keys.dispose();
      values.dispose();
    }
  }

  /** Heads of a row in 8 bits. */
  get #heads(): number {
    const { heads } = this.options;
    ensure(heads !== undefined, 'KvCache: `dtype` i8 has a scale for each head: say how many `heads` a row has');
    return heads;
  }

  /** Drops the oldest frame after the sink and returns its slot. */
  #evict(): number {
    const oldest = this.#frames.findIndex(({ frame }) => frame >= this.options.sink);
    return this.#frames.splice(oldest, 1)[0].slot;
  }
}

/**
 * A call as Self Forcing makes it: the block attends to every cached frame before it and to itself, and its keys
 * (rotated) and values fill its own frames. `reserve` must have made room for them.
 * Source: guandeh17/Self-Forcing wan/modules/causal_model.py CausalWanSelfAttention.forward.
 */
export function blockCall(cache: KvCache, first: number, count: number): CacheCall {
  const upload = (rows: number[]) => cache.device.upload(Uint32Array.from(rows), [rows.length]);
  const pastRows = cache.rows((frame) => frame < first);
  const past = pastRows.length > 0 ? upload(pastRows) : undefined;
  const own = upload(cache.rows((frame) => frame >= first && frame < first + count));
  return {
    past: (layer) => past && { ...cache.layers[layer], rows: past },
    store: (layer, { turnedKeys, values }) => cache.write(layer, own, turnedKeys, values),
    frames: cache.frames.filter(({ frame }) => frame < first),
  };
}
