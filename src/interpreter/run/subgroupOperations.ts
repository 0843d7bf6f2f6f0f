import type { Toucher } from './accesses.js';
import type { Findings } from './findings.js';
import type { Invocation } from './invocation.js';
import {
  loadMatrix,
  type MatrixPlace,
  multiplyAccumulate,
  type SubgroupMatrix,
  storeMatrix,
} from './subgroupMatrix.js';
import type { Lanes } from './values.js';

type Value = number | boolean | Lanes;

/** Combines two lanes' numbers as the operation's type rounds: handed over by the kernel. */
export type Combine = (left: Value, right: Value) => Value;

/** What a lane brings to a load or store of a matrix. */
export interface MatrixAccess {
  readonly place: MatrixPlace;
  /** What is stored, or how large what is loaded is. */
  readonly matrix: Pick<SubgroupMatrix, 'rows' | 'columns' | 'isHalf'> & Partial<SubgroupMatrix>;
}

/** Every lane of a subgroup has come to one operation: works out what each goes on with. */
export function finishOperation(lanes: readonly Invocation[], by: Toucher, findings: Findings): void {
  const results = lanes.map(resultOf(lanes, by, findings)); // before any goes on
  lanes.forEach((lane, index) => {
    lane.goOn(results[index]);
  });
}

function resultOf(
  lanes: readonly Invocation[],
  by: Toucher,
  findings: Findings,
): (lane: Invocation, index: number) => unknown {
  const [{ stop = '', line }] = lanes;
  const own = (lane: Invocation) => lane.given as Value;
  const argument = (lane: Invocation) => lane.argument as number;
  const combined = (some: readonly Invocation[]) => some.map(own).reduce(lanes[0].argument as Combine);
  const from = (lane: Invocation, source: number): Value => {
    const found = lanes.find((other) => other.lane === source);
    if (!found) findings.note('divergence', line, `lane ${lane.lane} takes from lane ${source}, which is not there`);
    return own(found ?? lane);
  };
  const same = (result: unknown) => () => result;
  switch (stop) {
    case 'subgroupShuffle':
    case 'subgroupBroadcast':
      return (lane) => from(lane, argument(lane));
    case 'subgroupShuffleXor':
      return (lane) => from(lane, lane.lane ^ argument(lane));
    case 'subgroupShuffleUp':
      return (lane) => from(lane, lane.lane - argument(lane));
    case 'subgroupShuffleDown':
      return (lane) => from(lane, lane.lane + argument(lane));
    case 'subgroupBroadcastFirst':
      return same(own(lanes[0]));
    case 'subgroupElect':
      return (_, index) => index === 0;
    case 'subgroupAll':
      return same(lanes.every(own));
    case 'subgroupAny':
      return same(lanes.some(own));
    case 'subgroupBallot':
      return same(ballotOf(lanes));
    case 'subgroupMatrixLoad': {
      const { place, matrix } = sameAccess(lanes, findings);
      return same(loadMatrix(by, place, matrix, line));
    }
    case 'subgroupMatrixStore': {
      const { place, matrix } = sameAccess(lanes, findings);
      return same(storeMatrix(by, place, matrix as SubgroupMatrix, line));
    }
    case 'subgroupMatrixMultiplyAccumulate': {
      const [left, right, sum] = lanes[0].given as SubgroupMatrix[];
      return same(multiplyAccumulate(left, right, sum));
    }
    default: {
      if (typeof lanes[0].argument !== 'function') throw new Error(`the interpreter does not know ${stop}`);
      if (stop.startsWith('subgroupInclusive')) return (_, index) => combined(lanes.slice(0, index + 1));
      return same(combined(lanes));
    }
  }
}

function ballotOf(lanes: readonly Invocation[]): number[] {
  const words = [0, 0, 0, 0];
  for (const { lane, given } of lanes) {
    if (given) words[lane >>> 5] = (words[lane >>> 5] | (1 << (lane & 31))) >>> 0;
  }
  return words;
}

/** Where matrices lie must be the same for every lane. */
function sameAccess(lanes: readonly Invocation[], findings: Findings): MatrixAccess {
  const [{ given, line }] = lanes;
  const first = given as MatrixAccess;
  const differs = lanes.some((lane) => {
    const { place } = lane.given as MatrixAccess;
    return place.offset !== first.place.offset || place.stride !== first.place.stride;
  });
  if (differs) findings.note('divergence', line, 'the lanes of a subgroup name different places for one matrix');
  return first;
}
