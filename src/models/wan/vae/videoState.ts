import { ensure } from '../../../errors.js';

/** What every chain of steps remembers between two pieces of a video. */
export interface ChainState {
  /** Nothing has passed yet: the full VAE does not double or halve the first frame of a video in time. */
  isStart: boolean;
  /** A piece of the video was left before its end, so what is remembered belongs to different frames. */
  isTorn: boolean;
}

/** How the state of a chain begins and ends. */
export interface StateLife<State> {
  /** For frames of one size, as they enter the chain. Called outside `device.scope`, which would free it. */
  create(height: number, width: number): State;
  /** The same memory again, of its own. */
  copy(state: State): State;
  free(state: State): void;
}

/** The state of one video at a time, all of whose frames have one size. */
export class VideoState<State extends ChainState> {
  #current: State | undefined;
  #size = '';

  /** @param what has that size, for messages */
  constructor(
    private readonly what: string,
    private readonly life: StateLife<State>,
  ) {}

  /** Undefined before the video begins. */
  get current(): State | undefined {
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
   * That of the video so far.
   * @throws TokenTrimError where a piece of it was left before its end; `why` says how that comes about
   */
  begin(height: number, width: number, why: string): State {
    this.#current ??= this.life.create(height, width);
    ensure(!this.#current.isTorn, `vae: ${why}: reset the stream to begin another video`);
    return this.#current;
  }

  /** That of the same video from here on, apart from this one. Call outside `device.scope`. */
  fork(): VideoState<State> {
    const fork = new VideoState(this.what, this.life);
    fork.#size = this.#size;
    if (this.#current) fork.#current = this.life.copy(this.#current);
    return fork;
  }

  /** Forgets the video. */
  reset(): void {
    if (this.#current) this.life.free(this.#current);
    this.#current = undefined;
  }
}
