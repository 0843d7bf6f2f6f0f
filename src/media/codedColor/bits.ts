/** Reads bits, the highest first. Beyond the end they are 0, and `isOver` says so. */
export class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  /** Where the next bit is. */
  get position(): number {
    return this.#at;
  }

  /** An unsigned number of `count` bits, 32 at most. */
  read(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++) {
      value = value * 2 + (((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
      this.#at++;
    }
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** An unsigned Exp-Golomb number: ITU-T H.264, 9.1. */
  golomb(): number {
    let zeros = 0;
    while (zeros < 32 && !this.isOver && !this.flag()) zeros++;
    return 2 ** zeros - 1 + this.read(zeros);
  }

  /** A signed one: 9.1.1. */
  signedGolomb(): number {
    const value = this.golomb();
    return value % 2 === 1 ? (value + 1) / 2 : -value / 2;
  }
}

/** Bytes of a parameter set that are looked at: the longest that says something of colours has some hundred. */
const MAX_SET_BYTES = 2 ** 14;

/** A NAL unit without the bytes that keep start codes out of it: ITU-T H.264, 7.4.1.1. */
export function withoutEmulation(unit: Uint8Array): Uint8Array {
  const kept: number[] = [];
  for (const [at, byte] of unit.subarray(0, MAX_SET_BYTES).entries()) {
    const isGuard = byte === 3 && at >= 2 && unit[at - 1] === 0 && unit[at - 2] === 0;
    if (!isGuard) kept.push(byte);
  }
  return Uint8Array.from(kept);
}
