import type { BlockFacts, Outcome } from './facts.js';
import { pictureRange } from './pictureAt.js';

/** What was asked for, and the places of the blocks that fit; null where it was not understood. */
export type Found = readonly number[] | null;

/** Questions that the search understands, as examples. */
export const EXAMPLES = [
  'severity above 12',
  'severity below 5',
  'made again',
  'moved less',
  'moved more',
  'frame 14',
  'picture 30',
  'token 9',
  'warm-up',
  'over 2 s',
] as const;

type Test = (facts: BlockFacts) => boolean;
type Rule = readonly [pattern: RegExp, make: (number: number, word: string) => Test];

const NUMBER = String.raw`(-?\d+(?:[.,]\d+)?)`;
const MORE = 'above|over|more than|greater than|>=?|at least';
const LESS = 'below|under|less than|smaller than|<=?|at most';
const outcome =
  (...which: readonly Outcome[]) =>
  (): Test =>
  (facts) =>
    which.includes(facts.outcome);

const rules: readonly Rule[] = [
  [
    rule(`(?:severity|moved)? *(?:${MORE}) *${NUMBER}`),
    (limit) =>
      ({ tries }) =>
        tries.some((each) => each > limit),
  ],
  [
    rule(`(?:severity|moved)? *(?:${LESS}) *${NUMBER}`),
    (limit) =>
      ({ tries }) =>
        tries.length > 0 && tries.some((each) => each < limit),
  ],
  [rule('(?:made )?(?:again|twice)|regenerated|triggered|trimmed'), outcome('again', 'asked')],
  [rule('would(?: have)?(?: triggered)?|above|too much'), outcome('again', 'would')],
  [
    rule('moved less|(?:second|new) try less|less'),
    () =>
      ({ tries }) =>
        tries.length > 1 && tries.at(-1)! < tries[0],
  ],
  [
    rule('moved more|(?:second|new) try more|more|worse'),
    () =>
      ({ tries }) =>
        tries.length > 1 && tries.at(-1)! > tries[0],
  ],
  [
    rule(`(?:latent )?frame *${NUMBER}`),
    (frame) =>
      ({ firstFrame, frames }) =>
        firstFrame !== null && frame >= firstFrame && frame < firstFrame + frames,
  ],
  [
    rule(`picture *${NUMBER}`),
    (picture) => (facts) => {
      const { first, count } = pictureRange(facts.traced);
      return picture >= first && picture < first + count;
    },
  ],
  [
    rule(`(?:block)? *${NUMBER}`),
    (block) =>
      ({ traced }) =>
        traced.block === block,
  ],
  [
    rule(`token *${NUMBER}`),
    (token) =>
      ({ pruned, outcome: what }) =>
        what === 'again' && pruned.includes(token),
  ],
  [rule('warm-?up'), outcome('warmup')],
  [rule('kept'), outcome('kept', 'warmup', 'unlimited', 'first')],
  [rule('given'), outcome('given')],
  [
    rule(`(?:slower|longer|took more|over|more) *(?:than)? *${NUMBER} *(?:s|seconds?)`),
    (limit) =>
      ({ traced }) =>
        (traced.accepted?.seconds ?? 0) > limit,
  ],
];

/** The blocks that a few words ask for. */
export function search(words: string, all: readonly BlockFacts[]): Found {
  const text = words
    .trim()
    .toLowerCase()
    .replace(/^blocks? (?:with|that|which)? *(?:were|was|are)? */, (head) => (/^blocks? $/.test(head) ? head : ''));
  if (text === '') return [];
  for (const [pattern, make] of rules) {
    const match = pattern.exec(text);
    if (!match) continue;
    const fits = make(Number((match[1] ?? '').replace(',', '.')), text);
    return all.filter(fits).map(({ index }) => index);
  }
  return null;
}

function rule(text: string): RegExp {
  return new RegExp(`^(?:${text})$`);
}
