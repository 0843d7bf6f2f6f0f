/** In which order invocations run between two barriers: shuffled anew each time, the same for a seed; ascending for seed 0. */
export class Order {
  #state: number;

  constructor(private readonly seed: number) {
    this.#state = seed >>> 0;
  }

  next(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    if (this.seed === 0) return order;
    for (let last = count - 1; last > 0; last--) {
      const other = Math.floor(this.#random() * (last + 1));
      [order[last], order[other]] = [order[other], order[last]];
    }
    return order;
  }

  /** mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (public domain). */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }
}
