import type { Toucher } from './accesses.js';
import type { Findings } from './findings.js';
import type { Invocation } from './invocation.js';
import type { Memory } from './memory.js';
import type { Order } from './order.js';
import { finishOperation } from './subgroupOperations.js';

/** What the invocations of a workgroup share. */
export interface Workgroup {
  readonly group: number;
  readonly subgroupSize: number;
  readonly workgroupMemory: readonly Memory[];
  readonly storageMemory: readonly Memory[];
  readonly order: Order;
  readonly findings: Findings;
  /** The number of the next operation of a subgroup in the dispatch: below those that stand for anything else. */
  readonly operations: { next: number };
}

/**
 * Runs the invocations of a workgroup: each from stop to stop, in any order between two stops. Stops those that wait for
 * each other, and ends the workgroup where some wait for what the others never come to.
 */
export function runWorkgroup(
  workgroup: Workgroup,
  invocations: readonly Invocation[],
  bodies: readonly Generator<void, void, unknown>[],
): void {
  const { order, subgroupSize } = workgroup;
  const subgroups: Invocation[][] = [];
  for (const invocation of invocations) {
    const index = Math.floor(invocation.index / subgroupSize);
    subgroups[index] ??= [];
    subgroups[index].push(invocation);
  }
  for (;;) {
    for (const index of order.next(invocations.length)) {
      const invocation = invocations[index];
      if (invocation.isDone || invocation.stop) continue;
      invocation.isDone = bodies[index].next(invocation.result).done === true;
    }
    if (invocations.every(({ isDone }) => isDone)) return;
    let hasMoved = false;
    for (const lanes of subgroups) hasMoved = finishSubgroup(workgroup, lanes) || hasMoved;
    if (!hasMoved && !finishBarrier(workgroup, invocations)) return;
  }
}

/** Finishes the operation that all lanes of a subgroup wait for. */
function finishSubgroup({ group, findings, operations }: Workgroup, lanes: readonly Invocation[]): boolean {
  const [first] = lanes;
  if (!isSubgroupStop(first) || !lanes.every((lane) => isAt(lane, first))) return false;
  const by: Toucher = { id: operations.next--, group };
  finishOperation(lanes, by, findings);
  return true;
}

/** Ends a barrier that all invocations have come to, else says who has not. */
function finishBarrier(workgroup: Workgroup, invocations: readonly Invocation[]): boolean {
  const { findings, workgroupMemory, storageMemory } = workgroup;
  const first = invocations.find(({ isDone }) => !isDone) as Invocation;
  if (isSubgroupStop(first) || !invocations.every((other) => isAt(other, first))) {
    const here = invocations.filter((other) => isAt(other, first)).length;
    const others = new Set(invocations.filter((other) => !isAt(other, first)).map(whereabouts));
    const what = `${first.stop} waits for all, but only ${here} of ${invocations.length} invocations come to it`;
    findings.note('divergence', first.line, `${what}; others ${[...others].join(', ')}`);
    return false;
  }
  if (first.stop !== 'storageBarrier') for (const memory of workgroupMemory) memory.barrier();
  if (first.stop === 'storageBarrier') for (const memory of storageMemory) memory.barrier();
  for (const invocation of invocations) invocation.goOn();
  return true;
}

const isSubgroupStop = ({ stop }: Invocation): boolean => stop?.startsWith('subgroup') ?? false;

const isAt = ({ isDone, stop, line }: Invocation, other: Invocation): boolean =>
  !isDone && stop === other.stop && line === other.line;

const whereabouts = ({ isDone, stop, line }: Invocation): string =>
  isDone ? 'have returned' : `wait at line ${line} (${stop})`;
