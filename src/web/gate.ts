/** How a run goes on: by itself, not at all, or by one denoising call. */
export type Pace = 'go' | 'pause' | 'step';

/** What a run passes after every denoising call. */
export class Gate {
  #pace: Pace = 'go';
  #open: (() => void) | undefined;

  /** Tells how to go on, who waits too. */
  set(pace: Pace): void {
    this.#pace = pace;
    if (pace === 'pause') return;
    this.#open?.();
    this.#open = undefined;
  }

  /** Waits while the run is paused; a step lets one pass, and pauses again. */
  async pass(): Promise<void> {
    if (this.#pace === 'pause') {
      await new Promise<void>((resolve) => {
        this.#open = resolve;
      });
    }
    if (this.#pace === 'step') this.#pace = 'pause';
  }
}
