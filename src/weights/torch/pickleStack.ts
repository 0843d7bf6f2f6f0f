import { type PickleValue, refuse } from './pickleValue.js';

/** The 2 500 tensors of a training checkpoint take 20 000 of them; this many empty dictionaries are 45 MB. */
const MAX_CONTAINERS = 250_000;

/** The stack, the marks in it and the memo of a pickle. Every method refuses where it is misused. */
export class PickleStack {
  readonly #values: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #containers = 0;

  push(value: PickleValue): void {
    this.#values.push(value);
  }

  /** As push, for values that take much memory each. */
  pushContainer(value: PickleValue): void {
    if (++this.#containers > MAX_CONTAINERS) refuse(`holds more than ${MAX_CONTAINERS} tuples, lists and dictionaries`);
    this.#values.push(value);
  }

  pop(): PickleValue {
    return this.popSome(1)[0];
  }

  /** The newest `count` values, oldest first; never past a mark. */
  popSome(count: number): PickleValue[] {
    this.#need(count);
    return this.#values.splice(this.#values.length - count);
  }

  popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) refuse('looks for a mark that is not there');
    return this.#values.splice(mark);
  }

  /** Takes off the newest value, or the mark above it. */
  drop(): void {
    if (this.#marks.at(-1) === this.#values.length) this.#marks.pop();
    else this.pop();
  }

  top(): PickleValue {
    return this.below(0);
  }

  /** The value under the newest `count`. */
  below(count: number): PickleValue {
    this.#need(count + 1);
    return this.#values[this.#values.length - 1 - count];
  }

  mark(): void {
    this.#marks.push(this.#values.length);
  }

  remember(slot = this.#memo.size): void {
    this.#memo.set(slot, this.top());
  }

  recall(slot: number): void {
    const value = this.#memo.get(slot);
    if (value === undefined) refuse(`recalls memo ${slot}, which was never written`);
    this.#values.push(value);
  }

  #need(count: number): void {
    if (this.#values.length - (this.#marks.at(-1) ?? 0) < count) refuse('takes a value that is not there');
  }
}
