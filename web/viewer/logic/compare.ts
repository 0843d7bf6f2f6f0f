import type { BeginEvent } from '../../../src/trace/format.js';
import type { BlockFacts } from './facts.js';
import { type Sentence, short } from './sentence.js';
import { trimOf } from './trimOf.js';

/** Two runs, block beside block: what they have in common, and where they part. */
export interface Comparison {
  /** What the runs differ in beside TokenTrim: nothing where one explains the other. */
  readonly differences: readonly string[];
  /** The first block that did not come out alike in both, by its number; null where all did so far. */
  readonly parts: number | null;
  /** The share p of each, where their severities are not of the same one: they cannot be compared. */
  readonly shares: readonly [number, number] | null;
}

/** Sets two runs beside each other. */
export function compareRuns(
  left: BeginEvent,
  right: BeginEvent,
  leftBlocks: readonly BlockFacts[],
  rightBlocks: readonly BlockFacts[],
): Comparison {
  const different = (what: string, of: (video: BeginEvent['video']) => unknown) =>
    JSON.stringify(of(left.video)) === JSON.stringify(of(right.video)) ? [] : [what];
  const differences = [
    ...different('prompt', ({ title }) => title),
    ...different('seed', ({ seed }) => seed),
    ...different('model', ({ model }) => model),
    ...different('method', ({ method }) => method),
    ...different('given pictures', ({ given }) => given),
    ...different('size', ({ grid, framesPerBlock }) => [grid, framesPerBlock]),
    ...different('cache', ({ window, sink }) => [window, sink]),
    ...different('steps', ({ steps }) => steps),
  ];
  const [p, q] = [trimOf(left.video), trimOf(right.video)];
  const shares = p && q && p.fraction !== q.fraction ? ([p.fraction, q.fraction] as const) : null;
  const areAlike = !shares && p?.check === q?.check;
  const parts = leftBlocks.find((one) => {
    const other = sameBlock(rightBlocks, one);
    if (!other) return false;
    const areMeasured = areAlike && one.kept !== null && other.kept !== null;
    return one.traced.attempts.length !== other.traced.attempts.length || (areMeasured && one.kept !== other.kept);
  });
  return { differences, parts: parts?.traced.block ?? null, shares };
}

/** The block of that number in another run: given ones, which count up to -1, stand before the first in some alone. */
export function sameBlock(blocks: readonly BlockFacts[] | undefined, { traced }: BlockFacts): BlockFacts | undefined {
  return blocks?.find((each) => each.traced.block === traced.block);
}

/** Another run's blocks at the places that blocks of the same numbers have in this one. */
export function alignedTo(blocks: readonly BlockFacts[], others: readonly BlockFacts[]): readonly BlockFacts[] {
  const given = (of: readonly BlockFacts[]) => of.filter(({ traced }) => traced.block < 0).length;
  const shift = given(blocks) - given(others);
  return others.map((each) => ({ ...each, index: each.index + shift })).filter(({ index }) => index >= 0);
}

/** What is said of a pair. */
export function compareWords(
  { differences, parts, shares }: Comparison,
  block: number,
  names: readonly [string, string],
  one: BlockFacts | undefined,
  other: BlockFacts | undefined,
): { readonly title: string; readonly say: Sentence } {
  const common =
    differences.length === 0
      ? 'Both runs have the same prompt and seed'
      : `The runs differ in ${differences.join(', ')}, and not in TokenTrim alone`;
  const name = one?.name ?? other?.name ?? `block ${block}`;
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}, `;
  if (!one || !other) {
    return { title: `${title}in one run only`, say: [`${common}. The other one has no such block.`] };
  }
  if (parts === null || block < parts) {
    const until = parts === null ? 'no block so far came out differently' : `they are alike until block ${parts}`;
    return { title: `${title}the same in both`, say: [`${common}; ${until}.`] };
  }
  const measures = (facts: BlockFacts, run: string) =>
    facts.kept === null
      ? [`In “${run}” nothing was measured`]
      : [`In “${run}” it moved `, { strong: short(facts.kept), isHot: facts.tries.length > 1 }];
  return {
    title: `${title}side by side`,
    say: [
      ...measures(one, names[0]),
      '; ',
      ...measures(other, names[1]).map((piece, at) =>
        at === 0 && typeof piece === 'string' ? piece.replace('In', 'in') : piece,
      ),
      `. ${common}${parts <= 0 ? '.' : `, and are alike up to block ${parts - 1}.`}`,
      shares
        ? ` The one is measured with p = ${shares[0]}, the other with ${shares[1]}: these numbers do not compare.`
        : '',
    ],
  };
}
