import type { BlockFacts } from '../logic/facts.js';
import { type Square, squaresOf } from '../logic/squares.js';
import type { Run } from './run.js';

/** The same block of two runs: pictures, then maps. */
export function pairSquares(
  run: Run,
  other: Run,
  facts: BlockFacts,
  beside: BlockFacts | undefined,
  view: { picture: number; step: number | null },
): (Square & { run: Run })[] {
  const of = (each: Run, block: BlockFacts | undefined) => {
    const video = each.trace.begin?.video;
    if (!block || !video) return [];
    const chosen = { attempt: Math.max(0, block.traced.attempts.length - 1), picture: view.picture, step: view.step };
    const squares = squaresOf(block, undefined, chosen, video);
    const picture = squares.findLast(({ kind }) => kind === 'picture');
    const map = squares.find(({ kind }) => kind === 'drift');
    return [picture, map].flatMap((square) =>
      square ? [{ ...square, run: each, title: square.kind === 'drift' ? `Movement: ${each.name}` : each.name }] : [],
    );
  };
  const both = [...of(run, facts), ...of(other, beside)];
  return [...both.filter(({ kind }) => kind === 'picture'), ...both.filter(({ kind }) => kind === 'drift')];
}
