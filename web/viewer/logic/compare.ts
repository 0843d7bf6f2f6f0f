import type { BeginEvent } from '../../../src/trace/format.js';
import type { BlockFacts } from './facts.js';
import { type Sentence, short } from './sentence.js';

/** Two runs, block beside block: what they have in common, and where they part. */
export interface Comparison {
  /** What the runs differ in beside TokenTrim: nothing where one explains the other. */
  readonly differences: readonly string[];
  /** The first pair of blocks that did not come out alike; null where all did so far. */
  readonly parts: number | null;
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
    ...different('size', ({ grid, framesPerBlock }) => [grid, framesPerBlock]),
    ...different('cache', ({ window, sink }) => [window, sink]),
    ...different('steps', ({ steps }) => steps),
  ];
  const count = Math.min(leftBlocks.length, rightBlocks.length);
  const parts = Array.from({ length: count }, (_, index) => index).find((index) => {
    const [one, other] = [leftBlocks[index], rightBlocks[index]];
    const areMeasured = one.kept !== null && other.kept !== null;
    return one.traced.attempts.length !== other.traced.attempts.length || (areMeasured && one.kept !== other.kept);
  });
  return { differences, parts: parts ?? null };
}

/** What is said of a pair. */
export function compareWords(
  { differences, parts }: Comparison,
  index: number,
  names: readonly [string, string],
  one: BlockFacts | undefined,
  other: BlockFacts | undefined,
): { readonly title: string; readonly say: Sentence } {
  const common =
    differences.length === 0
      ? 'Both runs have the same prompt and seed'
      : `The runs differ in ${differences.join(', ')}, and not in TokenTrim alone`;
  const name = one?.name ?? other?.name ?? `block ${index}`;
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}, `;
  if (!one || !other) {
    return { title: `${title}in one run only`, say: [`${common}. The other one has no such block.`] };
  }
  if (parts === null || index < parts) {
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
      `. ${common}${parts === 0 ? '.' : `, and are alike up to block ${parts - 1}.`}`,
    ],
  };
}
