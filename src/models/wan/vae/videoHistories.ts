import { ensure } from '../../../errors.js';
import { freeHistories, type Histories } from './histories.js';

/** The histories of one video at a time, all of whose frames have one size. */
export class VideoHistories {
  #current: Histories | undefined;
  #size = '';

  /**
   * @param what has that size, for messages
   * @param create empty histories for a size
   */
  constructor(
    private readonly what: string,
    private readonly create: (height: number, width: number) => Histories,
  ) {}

  /** Undefined before the video begins. */
  get current(): Histories | undefined {
    return this.#current;
  }

  /** Throws where the video has begun with another size. */
  expectSize(height: number, width: number): void {
    const found = `${height}x${width}`;
    if (!this.#current) this.#size = found;
    ensure(
      found === this.#size,
      `vae: this video's ${this.what} are ${this.#size}, found ${found}: reset the stream to begin another video`,
    );
  }

  /**
   * Those of the video so far.
   * @throws TokenTrimError where a piece of it was left before its end; `why` says how that comes about
   */
  begin(height: number, width: number, why: string): Histories {
    this.#current ??= this.create(height, width);
    ensure(!this.#current.isTorn, `vae: ${why}: reset the stream to begin another video`);
    return this.#current;
  }

  /** Forgets the video. */
  reset(): void {
    if (this.#current) freeHistories(this.#current);
    this.#current = undefined;
  }
}
