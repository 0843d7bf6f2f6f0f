import type { Findings } from './findings.js';

/**
 * Who touches memory: an invocation, or a subgroup that loads or stores a matrix. Which lane loads what of a matrix is not
 * said, so that each load and each store is a toucher of its own: nothing but a barrier orders two of them.
 */
export interface Toucher {
  /** Within the dispatch, from 1; that of a subgroup is no invocation's. */
  readonly id: number;
  readonly group: number;
}

/** In the place of a reader where there were several. */
const SEVERAL = -1;

/**
 * Who wrote and read each element of a piece of memory since the last barrier. Elements are scalars and whole vectors:
 * writing a component of a vector may write all of it, says WGSL.
 *
 * A barrier orders the invocations of one workgroup. Nothing orders those of two, so what others wrote in a buffer is a
 * race at any time, atomics aside.
 */
export class Accesses {
  readonly #writer: Int32Array;
  readonly #reader: Int32Array;
  readonly #writeLine: Uint32Array;
  readonly #readLine: Uint32Array;
  /** When the element was written and read, in barriers. */
  readonly #writeTime: Int32Array;
  readonly #readTime: Int32Array;
  /** Of both, by workgroup. */
  readonly #writeGroup: Int32Array;
  readonly #readGroup: Int32Array;
  readonly #atomic: Uint8Array;
  #time = 1;

  /** @param isOfWorkgroup whether each workgroup has the memory to itself, so that only barriers count */
  constructor(
    private readonly name: string,
    private readonly findings: Findings,
    units: number,
    private readonly isOfWorkgroup: boolean,
  ) {
    const numbers = () => new Int32Array(units);
    [this.#writer, this.#reader, this.#writeTime, this.#readTime] = [numbers(), numbers(), numbers(), numbers()];
    [this.#writeGroup, this.#readGroup] = [numbers(), numbers()];
    [this.#writeLine, this.#readLine] = [new Uint32Array(units), new Uint32Array(units)];
    this.#atomic = new Uint8Array(units);
  }

  /** What comes is ordered after what was, for the invocations of a workgroup. */
  barrier(): void {
    this.#time++;
  }

  read(by: Toucher, unit: number, line: number): void {
    const writer = this.#writer[unit];
    if (writer !== 0 && this.#meets(by, writer, this.#writeTime[unit], this.#writeGroup[unit])) {
      this.#race(line, 'read', this.#writeLine[unit], 'written');
    }
    const reader = this.#reader[unit];
    const isOther = reader !== 0 && reader !== by.id;
    this.#reader[unit] =
      isOther && this.#isUnordered(by, this.#readTime[unit], this.#readGroup[unit]) ? SEVERAL : by.id;
    this.#readTime[unit] = this.#time;
    this.#readGroup[unit] = by.group;
    this.#readLine[unit] = line;
  }

  write(by: Toucher, unit: number, line: number, isAtomic = false): void {
    const writer = this.#writer[unit];
    const areAtomic = isAtomic && this.#atomic[unit] === 1;
    if (writer !== 0 && !areAtomic && this.#meets(by, writer, this.#writeTime[unit], this.#writeGroup[unit])) {
      this.#race(line, 'written', this.#writeLine[unit], 'written');
    }
    const reader = this.#reader[unit];
    if (reader !== 0 && this.#meets(by, reader, this.#readTime[unit], this.#readGroup[unit])) {
      this.#race(line, 'written', this.#readLine[unit], 'read');
    }
    this.#writer[unit] = by.id;
    this.#writeTime[unit] = this.#time;
    this.#writeGroup[unit] = by.group;
    this.#writeLine[unit] = line;
    this.#atomic[unit] = isAtomic ? 1 : 0;
  }

  #meets(by: Toucher, other: number, time: number, group: number): boolean {
    if (other === by.id) return false;
    return this.#isUnordered(by, time, group);
  }

  #isUnordered(by: Toucher, time: number, group: number): boolean {
    return time === this.#time || (group !== by.group && !this.isOfWorkgroup);
  }

  #race(line: number, how: string, otherLine: number, otherHow: string): void {
    const where = otherLine === line ? 'by another invocation there' : `by another invocation at line ${otherLine}`;
    this.findings.note('race', line, `an element of ${this.name} is ${how} here and ${otherHow} ${where}, unordered`);
  }
}
