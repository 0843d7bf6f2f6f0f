/**
 * Weights that stay on a device from one run to the next, for who makes many (`held` of `runPlan`): a run finds here what
 * an earlier one loaded, and frees none of it. The memory of all of them is taken at once, as while pictures are made
 * beside a rollout.
 */
export class HeldWeights {
  readonly #parts = new Map<string, Promise<unknown>>();
  readonly #frees: (() => void)[] = [];

  /** A part by what it is and how it is held, loaded where it is not there; one that could not be loaded is tried again. */
  async part<Part>(name: string, load: () => Promise<Part>, free: (part: Part) => void): Promise<Part> {
    const known = this.#parts.get(name) as Promise<Part> | undefined;
    if (known) return known;
    const loading = load();
    this.#parts.set(name, loading);
    try {
      const part = await loading;
      this.#frees.push(() => free(part));
      return part;
    } catch (error) {
      this.#parts.delete(name);
      throw error;
    }
  }

  /** Frees everything; no run may be going on. */
  free(): void {
    this.#parts.clear();
    for (const free of this.#frees.splice(0)) free();
  }
}
