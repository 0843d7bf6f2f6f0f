import { PickleProblem, refuse } from './pickleValue.js';

/** Text lines hold numbers and names of Python objects; anything longer is no such thing. */
const MAX_LINE_BYTES = 1000;
/** The longest integer that LONG1 can hold. */
const MAX_INTEGER_BYTES = 255;

const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the arguments of pickle opcodes. Refuses where the bytes do not allow it. */
export class PickleCursor {
  readonly #view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    public position: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** A length. One that is no safe integer is longer than any file. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  /** Big-endian, as pickle has it. */
  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** A view of the pickle, not a copy. */
  take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.bytes.subarray(start, start + length);
  }

  text(length: number): string {
    try {
      return utf8.decode(this.take(length));
    } catch (error) {
      if (error instanceof PickleProblem) throw error;
      refuse('has a text that is not UTF-8');
    }
  }

  line(): string {
    const rest = this.bytes.subarray(this.position, this.position + MAX_LINE_BYTES);
    const end = rest.indexOf(NEWLINE);
    if (end < 0)
      refuse(rest.length < MAX_LINE_BYTES ? 'is cut short' : `has a line of more than ${MAX_LINE_BYTES} bytes`);
    const line = this.text(end);
    this.#skip(1);
    return line;
  }

  /** Two's complement, little-endian; a number where that is exact. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) refuse(`has an integer of ${length} bytes`);
    if (length === 0) return 0;
    const words = new Uint8Array(8 * Math.ceil(length / 8));
    words.set(this.take(length));
    const view = new DataView(words.buffer);
    let value = 0n;
    for (let word = words.length - 8; word >= 0; word -= 8) value = (value << 64n) | view.getBigUint64(word, true);
    return narrow(BigInt.asIntN(8 * length, value));
  }

  decimal(): number | bigint {
    const line = this.line();
    if (!/^-?\d+L?$/.test(line)) refuse('has a number that is none');
    return narrow(BigInt(line.replace('L', '')));
  }

  #skip(length: number): number {
    const start = this.position;
    if (length > this.bytes.length - start) refuse('is cut short');
    this.position = start + length;
    return start;
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
