/** How a run goes on: by itself, not at all, or by one denoising call. */
export type Pace = 'go' | 'pause' | 'step';

/** What a run passes after every denoising call. */
export class Gate {
  /** Calls that may still end before it is closed. */
  #allowed = Number.POSITIVE_INFINITY;
  #open: (() => void) | undefined;

  /** Tells how to go on, who waits too. Each step is one call, which may be the one at hand. */
  set(pace: Pace): void {
    if (pace === 'go') this.#allowed = Number.POSITIVE_INFINITY;
    else if (pace === 'pause') this.#allowed = 0;
    else this.#allowed = Number.isFinite(this.#allowed) ? this.#allowed + 1 : 1;
    if (this.#allowed === 0) return;
    this.#open?.();
    this.#open = undefined;
  }

  /** A call has ended: waits where no other may begin. */
  async pass(): Promise<void> {
    this.#allowed = Math.max(0, this.#allowed - 1);
    if (this.#allowed > 0) return;
    await new Promise<void>((resolve) => {
      this.#open = resolve;
    });
  }
}
