import type { DeviceFeatures, KernelCall } from '../device.js';
import { bytesOf, type Tensor } from '../tensor.js';

/**
 * Drivers end what keeps a card from its other users: after 2 s on Windows, a few on macOS and under amdgpu, less on small
 * machines. A tenth of the least, so that a guess may be far off.
 */
export const DISPATCH_SECONDS = 0.2;
export const SUBMISSION_SECONDS = 0.25;

/** What memory sets the pace of counts as so many operations a byte: about what cards and processors do meanwhile. */
const OPERATIONS_A_BYTE = 16;

/**
 * Operations a second that are expected before anything was measured. Nearly every card is faster, and the first call is then
 * cut into thousands of submissions, a second or more; twelve times too much would still pass on Windows.
 */
export const FIRST_GUESS = 2.5e10;

/** The same of a card that multiplies matrices of f16: the slowest forms on the least of them do more. */
const FIRST_GUESS_MATRICES = 2e11;

/**
 * A rate that an adapter is not thought to fall below. A program on the processor that others keep busy is slow for a while,
 * and nothing ends its launches: cut small for that, they would only be slower.
 */
export function slowestRate({ software }: DeviceFeatures): number {
  return software ? FIRST_GUESS / 2 : 0;
}

/** What is expected of an adapter of which nothing but its features is known. */
export function firstGuess({ matrices }: DeviceFeatures): number {
  return matrices === 'f16' ? FIRST_GUESS_MATRICES : FIRST_GUESS;
}

/** What a launch takes however little it does. */
const LAUNCH_SECONDS = 3e-5;

/** One observation makes an estimate at most so many times as slow, or as fast: a driver that compiles is no slow card. */
const MOST_SLOWER = 8;
const MOST_FASTER = 4;

/** Launches of a kernel, and operations of all of them. */
interface KernelWork {
  readonly operations: number;
  readonly launches: number;
}

/** What was handed over, by kernel. */
export type Work = ReadonlyMap<string, KernelWork>;

/** The same while it grows. */
export type GrowingWork = Map<string, KernelWork>;

/** Adds launches of a kernel to what there is, in place. */
export function addWork(total: GrowingWork, kernel: string, { operations, launches }: KernelWork): void {
  const before = total.get(kernel);
  total.set(kernel, {
    operations: operations + (before?.operations ?? 0),
    launches: launches + (before?.launches ?? 0),
  });
}

/**
 * @internal
 * Operations that set the pace of a launch: its floating-point ones, or what its bytes take in their place.
 * @param output the tensor that it writes
 */
export function operationsOf({ operations = 0, reads }: KernelCall, output: Tensor): number {
  let bytes = bytesOf(output.dtype, output.size);
  for (const { dtype, size } of reads) bytes += bytesOf(dtype, size);
  return Math.max(operations, bytes * OPERATIONS_A_BYTE);
}

/**
 * How fast an adapter runs each kernel: a first guess, corrected by what submissions took. It decides how launches are cut
 * and handed over, which no value depends on.
 */
export class Pace {
  #secondsAnOperation = new Map<string, number>();
  #guess: number;
  #most: number; // seconds an operation

  /**
   * @param operationsASecond what is expected of every kernel at first
   * @param slowest a rate that no kernel is thought to fall below, however long it took
   */
  constructor(operationsASecond = FIRST_GUESS, slowest = 0) {
    this.#guess = 1 / operationsASecond;
    this.#most = 1 / slowest;
  }

  /** What launches of a kernel are expected to take. */
  seconds(kernel: string, operations: number, launches = 1): number {
    return launches * LAUNCH_SECONDS + this.#computing(kernel, operations);
  }

  /** The same of all that was handed over. */
  secondsOf(work: Work): number {
    let seconds = 0;
    for (const [kernel, { operations, launches }] of work) seconds += this.seconds(kernel, operations, launches);
    return seconds;
  }

  /** In how many pieces a launch goes: a power of two, so that a small correction changes no cut. */
  pieces(kernel: string, operations: number): number {
    const share = this.#computing(kernel, operations) / DISPATCH_SECONDS;
    return share <= 1 ? 1 : 2 ** Math.ceil(Math.log2(share));
  }

  /**
   * Work took so long: each kernel is corrected by its share of what had been expected, and none took longer than all of them.
   * The first call of a fast card is expected to take a thousand times too long: that alone would be corrected for a dozen calls.
   */
  note(work: Work, seconds: number): void {
    const expected = this.secondsOf(work);
    const ratio = Math.min(MOST_SLOWER, Math.max(1 / MOST_FASTER, seconds / expected));
    for (const [kernel, { operations }] of work) {
      const computing = this.#computing(kernel, operations);
      if (computing > 0) {
        const corrected = Math.min(computing * ratio ** (computing / expected), seconds);
        this.#secondsAnOperation.set(kernel, Math.min(corrected / operations, this.#most));
      }
    }
  }

  #computing(kernel: string, operations: number): number {
    return operations * (this.#secondsAnOperation.get(kernel) ?? this.#guess);
  }
}
