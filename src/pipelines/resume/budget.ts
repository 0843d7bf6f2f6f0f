/** Time that is spent on one kind of writing, held below a share of all time from its beginning on. */
export class Budget {
  #spent = 0;
  readonly #began = performance.now();

  /** @param share of the time that may go into it, but for the first time */
  constructor(private readonly share: number) {}

  get isDue(): boolean {
    return this.#spent === 0 || this.#spent <= this.share * (performance.now() - this.#began);
  }

  /** Spent so far. */
  get seconds(): number {
    return this.#spent / 1000;
  }

  async spend<Result>(write: () => Promise<Result>): Promise<Result> {
    const from = performance.now();
    const result = await write();
    this.#spent += performance.now() - from;
    return result;
  }
}
