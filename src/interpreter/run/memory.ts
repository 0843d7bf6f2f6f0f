import { Accesses, type Toucher } from './accesses.js';
import type { Findings } from './findings.js';
import { fromHalfBits, halfBits } from './numbers.js';

/** The layout of a variable in memory, in units of 4 bytes, or of 2 where there are f16 in it. */
export interface MemoryLayout {
  readonly name: string;
  readonly unitBytes: 2 | 4;
  /** Of an element, where it is an array without a count. */
  readonly strideBytes: number;
  /** Units of the scalars or vectors that it is made of, where they are all alike: what accesses are noted by. */
  readonly leafUnits: number;
}

/** A variable in storage or workgroup memory: its words, seen as numbers of each type. */
export class Memory {
  readonly f32: Float32Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f16: Uint16Array;
  /** Elements, where the variable is an array as long as what is bound. */
  readonly count: number;
  readonly #accesses: Accesses | undefined;

  /** @param use what is only `read` may not race; each workgroup has its own of a `workgroup` variable */
  constructor(
    readonly layout: MemoryLayout,
    words: Uint32Array,
    private readonly findings: Findings,
    use: 'read' | 'written' | 'workgroup',
  ) {
    const { buffer, byteOffset, length } = words;
    this.u32 = words;
    this.f32 = new Float32Array(buffer, byteOffset, length);
    this.i32 = new Int32Array(buffer, byteOffset, length);
    this.f16 = new Uint16Array(buffer, byteOffset, 2 * length);
    this.count = layout.strideBytes === 0 ? 0 : Math.floor((4 * length) / layout.strideBytes);
    const units = (4 * length) / layout.unitBytes;
    this.#accesses = use === 'read' ? undefined : new Accesses(layout.name, findings, units, use === 'workgroup');
  }

  /** An index within the array; one past its end is noted, and clamped as drivers do. */
  at(index: number, line: number): number {
    return index >>> 0 < this.count ? index : this.outside(index, this.count, line);
  }

  /** The same for an array with a count. */
  within(index: number, count: number, line: number): number {
    return index >>> 0 < count ? index : this.outside(index, count, line);
  }

  outside(index: number, count: number, line: number): number {
    const what = `index ${index} is past the end of ${this.layout.name}, of ${count} elements there`;
    this.findings.note('outside', line, what);
    return Math.max(count - 1, 0);
  }

  /** Notes that a scalar or vector is read, and gives back its place. */
  reads(by: Toucher, unit: number, line: number): number {
    if (this.#accesses) this.#accesses.read(by, unit, line);
    return unit;
  }

  writes(by: Toucher, unit: number, line: number): number {
    if (this.#accesses) this.#accesses.write(by, unit, line);
    return unit;
  }

  /** Changes a u32 or i32 as one step, and gives back what it was. */
  atomic(by: Toucher, place: number, line: number, change: (old: number) => number, isSigned: boolean): number {
    this.#accesses?.write(by, place, line, true);
    const view = isSigned ? this.i32 : this.u32;
    const old = view[place];
    view[place] = change(old);
    return old;
  }

  barrier(): void {
    this.#accesses?.barrier();
  }

  clear(): void {
    this.u32.fill(0);
    this.#accesses?.barrier();
  }

  /** A component of a matrix that a subgroup loads, at a byte of this memory. */
  component(by: Toucher, byte: number, isHalf: boolean, line: number): number {
    const place = this.#componentPlace(byte, line);
    this.reads(by, this.#leafOf(place), line);
    return isHalf ? fromHalfBits(this.f16[place >> 1]) : this.f32[place >> 2];
  }

  setComponent(by: Toucher, byte: number, isHalf: boolean, line: number, value: number): void {
    const place = this.#componentPlace(byte, line);
    this.writes(by, this.#leafOf(place), line);
    if (isHalf) this.f16[place >> 1] = halfBits(value);
    else this.f32[place >> 2] = value;
  }

  #componentPlace(byte: number, line: number): number {
    const bytes = 4 * this.u32.length;
    if (byte < bytes) return byte;
    this.findings.note('outside', line, `a matrix reaches past the end of ${this.layout.name}, of ${bytes} bytes`);
    return 0;
  }

  /** The place under which accesses to what holds a byte are noted. */
  #leafOf(byte: number): number {
    const { unitBytes, leafUnits } = this.layout;
    const unit = Math.floor(byte / unitBytes);
    return unit - (unit % leafUnits);
  }
}
