import type { Toucher } from './accesses.js';

/** What an invocation stops for. `barrier` is for both kinds of memory or one; all others are operations of a subgroup. */
export type StopKind = 'workgroupBarrier' | 'storageBarrier' | 'workgroupUniformLoad' | `subgroup${string}`;

/** What an entry point's parameters may be. */
export type Builtins = Readonly<Record<string, number | readonly number[]>>;

/** One invocation of a workgroup: who it is, and where it has stopped. */
export class Invocation implements Toucher {
  /** Where it stops and waits for others; undefined while it can go on. */
  stop: StopKind | undefined;
  line = 0;
  /** What it brings to an operation of its subgroup, and what it takes from it when it goes on. */
  given: unknown;
  argument: unknown;
  result: unknown;
  /** What it has loaded while it waits for a second barrier. */
  kept: unknown;
  isDone = false;
  /** What `var<private>` holds. */
  own: Record<string, unknown> = {};

  constructor(
    readonly id: number,
    readonly group: number,
    readonly index: number,
    readonly lane: number,
    readonly builtins: Builtins,
  ) {}

  /** Called where it stops, before the generator yields. */
  wait(stop: StopKind, line: number, given?: unknown, argument?: unknown): void {
    this.stop = stop;
    this.line = line;
    this.given = given;
    this.argument = argument;
  }

  goOn(result?: unknown): void {
    this.stop = undefined;
    this.result = result;
  }
}
