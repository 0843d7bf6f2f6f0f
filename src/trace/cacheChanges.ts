import type { KvCache } from '../models/wan/kvCache.js';
import type { CacheEvent } from './format.js';
import { encodeTokens } from './tokenSet.js';

type Changes = Pick<CacheEvent, 'came' | 'left' | 'lost'>;

/** Tells what became of a cache since it was looked at last: it is asked, and tells nothing by itself. */
export class CacheChanges {
  #known = new Map<number, readonly number[]>();

  /** @returns undefined where nothing changed */
  since(cache: Pick<KvCache, 'liveTokens' | 'options'>): Changes | undefined {
    const { tokensPerFrame } = cache.options;
    const frames = new Map(cache.liveTokens.map(({ frame, live }) => [frame, live]));
    const left = [...this.#known.keys()].filter((frame) => !frames.has(frame));
    const came: number[] = [];
    const lost = new Map<string, number[]>(); // frames by the set that they lost
    for (const [frame, live] of frames) {
      const before = this.#known.get(frame);
      // A frame whose place is reserved again is whole again, for the next try at its block say.
      const isNew = before === undefined || live.length > before.length;
      if (isNew) came.push(frame);
      const had = isNew ? tokensPerFrame : before.length;
      if (live.length === had) continue;
      const kept = new Set(live);
      const all = isNew ? Array.from({ length: tokensPerFrame }, (_, token) => token) : before;
      const set = encodeTokens(
        all.filter((token) => !kept.has(token)),
        tokensPerFrame,
      );
      lost.set(set, [...(lost.get(set) ?? []), frame]);
    }
    this.#known = frames;
    if (left.length + came.length + lost.size === 0) return undefined;
    return { came, left, lost: Array.from(lost, ([tokens, pruned]) => ({ frames: pruned, tokens })) };
  }
}
