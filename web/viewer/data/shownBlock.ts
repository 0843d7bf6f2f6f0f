import type { BlockFacts } from '../logic/facts.js';
import type { Run } from './run.js';

/** The block that is asked for; else, of a run that is over, the first that was made again; else the latest. */
export function shownBlock(run: Run, asked: number | null): BlockFacts | undefined {
  const all = run.facts;
  const chosen = asked === null ? undefined : all.find(({ number }) => number === asked);
  const telling = run.isWhole
    ? all.find(({ outcome }) => outcome === 'again' || outcome === 'asked' || outcome === 'would')
    : undefined;
  return chosen ?? telling ?? all.findLast(({ traced }) => traced.accepted) ?? all.at(-1);
}
