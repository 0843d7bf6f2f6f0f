/** How many clips in a row have to fail alike before that counts as the batch's failure and not theirs. */
const ALIKE = 3;

/** Tells clips that fail for reasons of their own from a batch in which every clip will fail. */
export class FailuresInARow {
  #message = '';
  #count = 0;

  /** @returns whether so many in a row have now failed with this very message */
  add(message: string): boolean {
    this.#count = message === this.#message ? this.#count + 1 : 1;
    this.#message = message;
    return this.#count >= ALIKE;
  }

  /** A clip was made. */
  clear(): void {
    this.#count = 0;
  }
}
