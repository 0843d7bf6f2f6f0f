import type { BlockFacts } from './facts.js';
import { listed, plural } from './sentence.js';

/** Blocks that the trigger would have named with another lambda: `index` is the block's place. */
export interface WhatIf {
  readonly sensitivity: number;
  /** Made again with it, and not in the run. */
  readonly more: readonly number[];
  /** Made again in the run, and not with it. */
  readonly fewer: readonly number[];
  /** Made again in both. */
  readonly same: readonly number[];
}

/** Whether the trigger's second half can be asked of a block: what it moved, and mu and sigma of those before it. */
export const canAsk = (facts: BlockFacts, warmup: number): boolean =>
  facts.severity !== null && facts.mean !== null && facts.std !== null && facts.traced.block > warmup;

/** The threshold that a block would have had. */
export const limitWith = ({ mean, std }: BlockFacts, sensitivity: number): number | null =>
  mean === null || std === null ? null : mean + sensitivity * std;

/** Which of the first tries, as they came, lie above mean + lambda sigma of the blocks before them. */
export function whatIf(all: readonly BlockFacts[], warmup: number, sensitivity: number): WhatIf {
  const asked = all.filter((facts) => canAsk(facts, warmup));
  const would = (facts: BlockFacts) => (facts.severity as number) > (limitWith(facts, sensitivity) as number);
  const did = ({ outcome }: BlockFacts) => outcome === 'again' || outcome === 'would';
  const names = (list: readonly BlockFacts[]) => list.map(({ index }) => index);
  return {
    sensitivity,
    more: names(asked.filter((facts) => would(facts) && !did(facts))),
    fewer: names(asked.filter((facts) => !would(facts) && did(facts))),
    same: names(asked.filter((facts) => would(facts) && did(facts))),
  };
}

/** It in words, with what it cannot know: another decision would have made all later blocks other ones. */
export function whatIfWords({ sensitivity, more, fewer, same }: WhatIf, all: readonly BlockFacts[]): string {
  const triggered = [...more, ...same].sort((left, right) => left - right);
  const name = (index: number) => all[index].traced.block;
  const shown = triggered.slice(0, 12).map(name);
  const which = triggered.length > shown.length ? `${shown.join(', ')}, …` : listed(shown);
  const would =
    triggered.length === 0
      ? 'no block would have been above'
      : `${plural(triggered.length, 'block')} would have been above: ${which}`;
  const first = [...more, ...fewer].sort((left, right) => left - right).at(0);
  const end =
    first === undefined
      ? 'The same as in this run.'
      : `From block ${name(first)} on the run itself would have gone another way, so what follows it is a guess.`;
  return `With λ = ${sensitivity}, ${would}. ${end}`;
}
