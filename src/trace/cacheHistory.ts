import type { TraceEvent } from './format.js';
import { decodeTokens } from './tokenSet.js';

/** The cache at a moment: for each frame, in video order, the tokens that it has lost for good. */
export type CacheState = ReadonlyMap<number, ReadonlySet<number>>;

const NOTHING: ReadonlySet<number> = new Set();

/** Frames and lost tokens that a text may come to, beside one for each of its letters: those of a run are far fewer. */
const ROOM = 2 ** 19;

/** Rebuilds what a cache held from what came, left and was lost. States stay what they were, for those who keep one. */
export class CacheHistory {
  #state: CacheState = new Map();
  #room = Infinity;

  /** The cache as it is after the latest event. */
  get state(): CacheState {
    return this.#state;
  }

  /** Bounds what events may come to by the length of the text that they are read from: a few lines could fill any memory. */
  boundBy(letters: number): void {
    this.#room = (Number.isFinite(this.#room) ? this.#room : ROOM) + letters;
  }

  /**
   * @param tokens of a frame
   * @throws Error where the events come to more than the text that they are in allows
   */
  take({ came, left, lost }: Extract<TraceEvent, { kind: 'cache' }>, tokens: number): void {
    this.#need(this.#state.size + came.length);
    const cache = new Map(this.#state);
    for (const frame of left) cache.delete(frame);
    for (const frame of came) cache.set(frame, NOTHING);
    for (const { frames, tokens: text } of lost) {
      const more = decodeTokens(text, tokens);
      const joined = new Map<ReadonlySet<number>, ReadonlySet<number>>(); // frames that lost the same share their set
      for (const frame of frames) {
        const before = cache.get(frame) ?? NOTHING;
        const after = joined.get(before) ?? this.#join(before, more);
        joined.set(before, after);
        cache.set(frame, after);
      }
    }
    this.#state = came.length > 0 ? new Map([...cache].sort(([one], [other]) => one - other)) : cache;
  }

  /**
   * Puts right what a damaged line left wrong.
   * @param isGone tells frames that have left
   * @param first of `count` frames that are there, whole where they were not known
   * @throws Error as `take`
   */
  correct(isGone: (frame: number) => boolean, first: number, count: number): void {
    this.#need(this.#state.size + count);
    const cache = new Map([...this.#state].filter(([frame]) => !isGone(frame)));
    for (let frame = first; frame < first + count; frame++) cache.set(frame, cache.get(frame) ?? NOTHING);
    this.#state = new Map([...cache].sort(([one], [other]) => one - other));
  }

  #join(before: ReadonlySet<number>, more: readonly number[]): ReadonlySet<number> {
    this.#need(before.size + more.length);
    return new Set([...before, ...more]);
  }

  #need(entries: number): void {
    this.#room -= entries;
    if (this.#room < 0) throw new Error('the events of the cache come to more than their text allows');
  }
}
