import { severity, unstableTokens } from '../../../src/tokentrim/severity.js';
import type { TensorRef, TracedVideo } from '../../../src/trace/format.js';
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

/**
 * The blocks with the severities that another p gives, and the mean and deviation of those before, from the maps of drift
 * that were kept (in 16 bits). From a map that is not there on, nothing is known.
 * @param driftOf the map of a block's first try, and of the one that was kept
 */
export function remeasured(
  all: readonly BlockFacts[],
  fraction: number,
  driftOf: (facts: BlockFacts) => { readonly first?: Float32Array; readonly kept?: Float32Array },
  skipFirst = false,
): BlockFacts[] {
  const accepted: number[] = [];
  const measure = (drift: Float32Array) => severity(drift, unstableTokens(drift, fraction));
  let isKnown = true;
  return all.map((facts) => {
    if (facts.severity === null) return facts;
    const { first, kept } = driftOf(facts);
    const before = isKnown && accepted.length > 0 ? statisticsOf(accepted) : { mean: null, std: null };
    const made = { ...facts, severity: first ? measure(first) : null, ...before };
    isKnown &&= kept !== undefined;
    if (kept && !(skipFirst && facts.traced.block === 1)) accepted.push(measure(kept));
    return made;
  });
}

/** Every map that `remeasured` needs. */
export const driftRefs = (all: readonly BlockFacts[]): TensorRef[] =>
  all.flatMap(({ traced: { attempts } }) =>
    [...new Set([attempts.at(0), attempts.at(-1)])].flatMap((attempt) => attempt?.review?.drift ?? []),
  );

/** A block's maps among those that were read. */
export const mapsOf =
  (maps: ReadonlyMap<string, Float32Array>) =>
  ({ traced: { attempts } }: BlockFacts) => {
    const of = (at: 0 | -1) => maps.get(attempts.at(at)?.review?.drift?.file ?? '');
    return { first: of(0), kept: of(-1) };
  };

/** Whether block 1 feeds no statistics. */
export const isFirstLeftOut = ({ trim }: TracedVideo): boolean => typeof trim === 'object' && trim.skipFirst === true;

/** Mean and population standard deviation. */
function statisticsOf(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
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
export function whatIfWords(
  { sensitivity, more, fewer, same }: WhatIf,
  all: readonly BlockFacts[],
  others: { readonly fraction?: number | null; readonly warmup?: number | null; readonly unknown?: number } = {},
): string {
  const { fraction = null, warmup = null, unknown = 0 } = others;
  const triggered = [...more, ...same].sort((left, right) => left - right);
  const name = (index: number) => all[index].traced.block;
  const shown = triggered.slice(0, 12).map(name);
  const which = triggered.length > shown.length ? `${shown.join(', ')}, …` : listed(shown);
  const would =
    triggered.length === 0
      ? 'no block would have been above'
      : `${plural(triggered.length, 'block')} would have been above: ${which}`;
  // With another p, what is pruned is another set as well.
  const parted = [...more, ...fewer, ...(fraction === null ? [] : same)];
  const first = parted.sort((left, right) => left - right).at(0);
  const end =
    first === undefined
      ? 'The same as in this run.'
      : `From block ${name(first)} on the run itself would have gone another way, so what follows it is a guess.`;
  const terms = [
    `λ = ${sensitivity}`,
    ...(fraction === null ? [] : [`p = ${fraction}`]),
    ...(warmup === null ? [] : [`a warm-up of ${plural(warmup, 'block')}`]),
  ];
  const left = unknown > 0 ? ` Of ${plural(unknown, 'block')} the maps are not in the trace: they are left out.` : '';
  return `With ${terms.slice(0, -1).join(', ')}${terms.length > 1 ? ' and ' : ''}${terms.at(-1)}, ${would}. ${end}${left}`;
}
