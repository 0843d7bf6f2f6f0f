import type { LatentColors } from '../pipelines/pictures/latentColors.js';
import type { TracedPicture } from './traceSink.js';

/** One latent frame that was read: [channels, height, width]. */
export interface LatentFrame {
  readonly values: ArrayLike<number>;
  readonly height: number;
  readonly width: number;
}

/** What successive calls of an attempt predicted for a block. */
export interface Predicted {
  readonly block: number;
  readonly attempt: number;
  /** Which of the block's calls the first one is. */
  readonly first: number;
  readonly frames: readonly LatentFrame[];
}

/** Blocks that are learnt from. */
const LESSONS = 4;

/** Keeps what calls predict for the blocks that are being made, until there are colours and it is written. */
export class Predictions {
  #frames = new Map<number, LatentFrame[]>();
  #from = new Map<number, number>(); // by block, the first that was not taken yet
  #waiting: Predicted[] = [];
  #lessons = 0;
  #latest: (LatentFrame & { readonly block: number }) | undefined;

  constructor(private readonly colors: LatentColors) {}

  /** Whether pictures of the next block would teach something. */
  get canLearn(): boolean {
    return this.#lessons < LESSONS;
  }

  /**
   * What a call predicted for a block.
   * @param isInPlace whether it takes the place of what the call before did: a window is tried again
   */
  add(block: number, frame: LatentFrame, isInPlace: boolean): void {
    const made = this.#frames.get(block) ?? [];
    this.#frames.set(block, isInPlace ? [...made.slice(0, -1), frame] : [...made, frame]);
    if (isInPlace && made.length === 0) this.#from.set(block, this.#fromOf(block) - 1); // it was taken
  }

  /** Another attempt begins with so many calls behind it. */
  beginAgain(block: number, from: number): void {
    this.#frames.delete(block);
    this.#from.set(block, from);
  }

  /** What there is of a block since it was taken last; it waits where there are no colours yet. */
  take(block: number, attempt: number): Predicted | undefined {
    const frames = this.#frames.get(block) ?? [];
    if (frames.length === 0) return undefined;
    const taken = { block, attempt, first: this.#fromOf(block), frames };
    this.#from.set(block, taken.first + frames.length);
    this.#frames.delete(block);
    if (this.colors.isFitted) return taken;
    this.#waiting.push(taken);
    return undefined;
  }

  /** The block is done; `frame` is its last latent frame, whose picture may come. */
  end(block: number, frame?: LatentFrame): void {
    this.#frames.delete(block);
    this.#from.delete(block);
    this.#latest = frame && { ...frame, block };
  }

  /**
   * Learns colours from the last picture of the block that ended last.
   * @returns what waited for them
   */
  learn(block: number, picture: TracedPicture): readonly Predicted[] {
    if (this.#latest?.block !== block) return [];
    const { values, height, width } = this.#latest;
    this.#latest = undefined;
    this.#lessons++;
    this.colors.learn(values, height, width, picture);
    return this.#waiting.splice(0);
  }

  pictures({ frames }: Predicted): TracedPicture[] {
    return frames.map(({ values, height, width }) => this.colors.picture(values, height, width));
  }

  #fromOf(block: number): number {
    return this.#from.get(block) ?? 0;
  }
}
