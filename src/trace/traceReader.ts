import { TokenTrimError } from '../errors.js';
import { CacheHistory, type CacheState } from './cacheHistory.js';
import {
  type AttentionEvent,
  type BeginEvent,
  type BlockEvent,
  type EndEvent,
  type MotionEvent,
  type PicturesEvent,
  type ReviewEvent,
  type Seen,
  type StageEvent,
  type StepEvent,
  type TapEvent,
  TRACE_VERSION,
  type TraceEvent,
  type WriteEvent,
} from './format.js';

export type { CacheState } from './cacheHistory.js';

/** One try at a block. */
export interface TracedAttempt {
  readonly attempt: number;
  readonly steps: readonly StepEvent[];
  /** What FlowMo did at its calls. */
  readonly motions: readonly MotionEvent[];
  /** What its tokens attended to, where that was asked for. */
  readonly attentions: readonly AttentionEvent[];
  /** What parts of the DiT gave, where that was asked for. */
  readonly taps: readonly TapEvent[];
  /** Null until it was reviewed. */
  readonly review: ReviewEvent | null;
  /** Its pictures, where it was rejected and they were made. */
  readonly rejected: PicturesEvent | null;
  /** The cache while it was made: what its calls could see, and its own frames. */
  readonly cache: CacheState;
  /** False where a line was damaged, and what its calls say that they saw is not what could be rebuilt. */
  readonly isCacheKnown: boolean;
}

/** What is known of a block. */
export interface TracedBlock {
  readonly block: number;
  readonly attempts: readonly TracedAttempt[];
  /** Null while it is being made. */
  readonly accepted: BlockEvent | null;
  readonly write: WriteEvent | null;
  /** Several where they came in pieces. */
  readonly pictures: readonly PicturesEvent[];
  /** What its calls predicted, one picture a call; of all attempts, in order. */
  readonly x0: readonly PicturesEvent[];
  readonly previews: readonly PicturesEvent[];
  /** Damaged lines beside its own: what they said may have been of it. */
  readonly damaged: readonly number[];
}

type Growing<Whole> = {
  -readonly [Key in keyof Whole]: Whole[Key] extends readonly (infer Item)[] ? Item[] : Whole[Key];
};
type GrowingBlock = Omit<Growing<TracedBlock>, 'attempts'> & { attempts: GrowingAttempt[] };
type GrowingAttempt = Growing<TracedAttempt>;

/**
 * Puts the events of a trace together, one by one, so that a run which is still going can be followed. What it holds of
 * the cache is rebuilt from what came, left and was lost.
 */
export class Trace {
  begin: BeginEvent | undefined;
  end: EndEvent | undefined;
  stage: StageEvent | undefined;
  /** The latest event. */
  last: TraceEvent | undefined;
  readonly notes: string[] = [];
  /** Lines that could not be read, from 1. */
  readonly damaged: number[] = [];
  readonly #blocks: GrowingBlock[] = [];
  /** The blocks by their number, and given ones by their first frame too; their attempts by theirs. */
  readonly #byNumber = new Map<number | string, GrowingBlock>();
  readonly #attempts = new Map<GrowingBlock, Map<number, GrowingAttempt>>();
  readonly #cache = new CacheHistory();
  #calls = 0;
  #count = 0;
  #lines = 0;
  /** Damaged lines since a block was named. */
  #pending: { readonly line: number; readonly last: GrowingBlock | undefined }[] = [];
  #isCacheKnown = true;

  /** By their number; blocks that were not begun are not there. */
  get blocks(): readonly TracedBlock[] {
    return this.#blocks;
  }

  /** Denoising calls of first attempts so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  /** The cache as it is after the latest event. */
  get cache(): CacheState {
    return this.#cache.state;
  }

  /** Says how long the text is that the next events are from: what they come to is then bounded. */
  boundBy(letters: number): void {
    this.#cache.boundBy(letters);
  }

  /** @throws TokenTrimError where the first event is none of a trace, or of a version that is not known */
  take(event: TraceEvent): void {
    if (this.#count === 0) this.begin = beginOf(event);
    this.#count++;
    this.last = event;
    switch (event.kind) {
      case 'stage':
        this.stage = event;
        break;
      case 'note':
        this.notes.push(event.text);
        break;
      case 'cache':
        this.#cache.take(event, this.#tokens);
        break;
      case 'step': {
        if (event.attempt === 0) this.#calls++;
        const attempt = this.#attempt(event);
        attempt.steps.push(event);
        if (event.seen && this.damaged.length > 0) {
          this.#isCacheKnown = this.#holds(event.seen);
          if (this.#isCacheKnown) this.#correct(event, event.seen);
          Object.assign(attempt, { cache: this.cache, isCacheKnown: this.#isCacheKnown });
        }
        break;
      }
      case 'motion':
        this.#attempt(event).motions.push(event);
        break;
      case 'attention':
        this.#attempt(event).attentions.push(event);
        break;
      case 'tap':
        this.#attempt(event).taps.push(event);
        break;
      case 'review':
        this.#attempt(event).review = event;
        break;
      case 'write':
        this.#block(event.block, event.firstFrame).write = event;
        break;
      case 'block':
        this.#block(event.block, event.firstFrame).accepted = event;
        break;
      case 'pictures': {
        const block = this.#block(event.block);
        if (event.role === 'video') block.pictures.push(event);
        if (event.role === 'preview') block.previews.push(event);
        if (event.role === 'x0') block.x0.push(event);
        if (event.role === 'rejected') this.#attempt(event).rejected = event;
        break;
      }
      case 'end':
        this.end = event;
    }
    this.#lines++;
  }

  /** Passes over a line that is damaged: a change of the cache, or something of the block before it or after. */
  skip(): void {
    this.#lines++;
    const last = this.#blocks.at(-1);
    this.damaged.push(this.#lines);
    last?.damaged.push(this.#lines);
    this.#pending.push({ line: this.#lines, last });
    this.#isCacheKnown = false;
  }

  /** Whether a call saw what could be rebuilt: frames lose tokens and get none back, so as many rows are the same ones. */
  #holds({ frames, rows }: Seen): boolean {
    const live = (frame: number) => this.#tokens - (this.cache.get(frame)?.size ?? this.#tokens);
    const areThere = frames.every((frame) => this.cache.has(frame));
    return areThere && frames.reduce((sum, frame) => sum + live(frame), 0) === rows;
  }

  /** By a call that saw what was rebuilt: its own frames are there, and what Self Forcing did not see is gone. */
  #correct({ firstFrame, timesteps }: StepEvent, { frames }: Seen): void {
    const { method, framesPerBlock } = (this.begin as BeginEvent).video;
    const isAll = method === 'self-forcing';
    const seen = new Set(frames);
    const isGone = (frame: number) => isAll && frame < firstFrame && !seen.has(frame);
    this.#cache.correct(isGone, firstFrame, isAll ? timesteps.length : framesPerBlock);
  }

  get #tokens(): number {
    const { height, width } = (this.begin as BeginEvent).video.grid;
    return height * width;
  }

  /** @param firstFrame tells blocks that were given apart: all of them have the number -1 */
  #block(block: number, firstFrame?: number): GrowingBlock {
    const key = block >= 0 || firstFrame === undefined ? block : `${block} at ${firstFrame}`;
    const named = this.#byNumber.get(key) ?? this.#newBlock(block, key);
    for (const { line, last } of this.#pending.splice(0)) if (last !== named) named.damaged.push(line);
    return named;
  }

  #newBlock(block: number, key: number | string): GrowingBlock {
    const nothing = { attempts: [], accepted: null, write: null, pictures: [], x0: [], previews: [], damaged: [] };
    const made: GrowingBlock = { block, ...nothing };
    this.#blocks.push(made);
    this.#byNumber.set(block, made).set(key, made);
    this.#attempts.set(made, new Map());
    return made;
  }

  #attempt({ block, attempt }: { readonly block: number; readonly attempt: number }): GrowingAttempt {
    const of = this.#block(block);
    const known = this.#attempts.get(of) as Map<number, GrowingAttempt>;
    const found = known.get(attempt);
    if (found) return found;
    const nothing = { steps: [], motions: [], attentions: [], taps: [], review: null, rejected: null };
    const made: GrowingAttempt = { attempt, ...nothing, cache: this.cache, isCacheKnown: this.#isCacheKnown };
    of.attempts.push(made);
    known.set(attempt, made);
    return made;
  }
}

/** @throws TokenTrimError where an event is not the beginning of a trace that this program reads */
export function beginOf(event: TraceEvent | undefined): BeginEvent {
  if (event?.kind !== 'begin') {
    throw new TokenTrimError(
      'this is no trace: the first line of events.jsonl must be an event `begin`; `trace` of a run writes such a folder',
    );
  }
  if (event.version !== TRACE_VERSION) {
    throw new TokenTrimError(
      `this trace is of version ${JSON.stringify(event.version)}, and this program reads version ${TRACE_VERSION}: read it with the ` +
        `program that wrote it (${typeof event.program === 'string' ? event.program : 'it does not say which'})`,
    );
  }
  return event;
}
