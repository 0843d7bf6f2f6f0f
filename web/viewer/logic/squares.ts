import type { TracedVideo } from '../../../src/trace/format.js';
import type { TracedAttempt } from '../../../src/trace/traceReader.js';
import { type BlockFacts, capital } from './facts.js';
import { attemptPicture, lastPicture, type PictureRef, pictureAt, picturesOf } from './pictureAt.js';
import { short } from './sentence.js';

/** A square of the story: a picture, or a map of drift. */
export type Square = PictureSquare | DriftSquare;

export interface PictureSquare {
  readonly kind: 'picture';
  readonly title: string;
  readonly text: string;
  readonly picture: PictureRef | null;
  /** Tokens that are outlined on it. */
  readonly outlined: readonly number[];
}

export interface DriftSquare {
  readonly kind: 'drift';
  readonly title: string;
  readonly text: string;
  readonly attempt: TracedAttempt;
  /** What the map is of, to lie under it. */
  readonly picture: PictureRef | null;
  readonly outlined: readonly number[];
}

/** What is chosen of a block. */
export interface Chosen {
  readonly attempt: number | null;
  readonly picture: number;
  readonly step: number | null;
}

const ORDINALS = ['First', 'Second', 'Third', 'Fourth', 'Fifth'];
/** `First try`, `Try 6`. */
export const tryName = (attempt: number): string =>
  ORDINALS[attempt] ? `${ORDINALS[attempt]} try` : `Try ${attempt + 1}`;

/** The block before, the first try, how far its tokens moved, and the try that was kept. */
export function squaresOf(
  facts: BlockFacts,
  before: BlockFacts | undefined,
  chosen: Chosen,
  video: TracedVideo,
): readonly Square[] {
  const { attempts } = facts.traced;
  const squares: Square[] = [];
  const hasPictures = video.pictures !== null;
  if (before && hasPictures && video.method !== 'wan') {
    const { picture, source } = lastPicture(before.traced);
    const text =
      { none: 'no picture of it', x0: 'its last call, in rough colours' }[source as string] ?? 'its last picture';
    squares.push({ kind: 'picture', title: capital(before.name), text, picture, outlined: [] });
  }
  const first = attempts.at(0);
  const later = chosen.attempt ? attempts[Math.min(chosen.attempt, attempts.length - 1)] : attempts.at(-1);
  const isAgain = attempts.length > 1;
  if (hasPictures) squares.push(ofTry(facts, first, chosen, isAgain, video));
  const measured = attempts.find(({ attempt }) => attempt === (chosen.attempt ?? 0)) ?? first;
  if (measured?.review?.drift) squares.push(driftSquare(facts, measured, chosen));
  if (isAgain && hasPictures) squares.push(ofTry(facts, later, chosen, true, video));
  return squares;
}

function ofTry(
  facts: BlockFacts,
  attempt: TracedAttempt | undefined,
  chosen: Chosen,
  isAgain: boolean,
  video: TracedVideo,
): PictureSquare {
  const { traced } = facts;
  if (!attempt) {
    const given = pictureAt(picturesOf(traced), chosen.picture);
    return { kind: 'picture', title: capital(facts.name), text: '', picture: given, outlined: [] };
  }
  const { picture, source } = attemptPicture(traced, attempt, chosen.picture, chosen.step);
  const isLast = attempt === traced.attempts.at(-1);
  const made = isAgain ? 'kept' : video.method === 'wan' ? 'finished' : 'kept at the first try';
  const fate = !isLast ? 'not kept' : traced.accepted ? made : 'being made';
  const call = chosen.step === null ? 'its last call' : `call ${chosen.step + 1}`;
  const how =
    source === 'x0'
      ? `; what ${call} predicted, in rough colours`
      : source === 'none'
        ? '; no picture of it'
        : source === 'preview'
          ? '; by the tiny VAE'
          : isLast && isAgain && facts.trimmed.length > 0
            ? '; made without the outlined tokens of the past'
            : '';
  return {
    kind: 'picture',
    title: isAgain ? tryName(attempt.attempt) : capital(facts.name),
    text: `${fate}${how}`,
    picture,
    outlined: isAgain ? facts.pruned : [],
  };
}

function driftSquare(facts: BlockFacts, attempt: TracedAttempt, chosen: Chosen): DriftSquare {
  const { review } = attempt;
  const outlined = review?.unstable ?? [];
  const of = attempt.attempt > 0 ? `${tryName(attempt.attempt).toLowerCase()}: ` : '';
  const { picture } = attemptPicture(facts.traced, attempt, chosen.picture, chosen.step);
  const mean = review?.severity == null ? '' : `: mean ${short(review.severity)}`;
  return {
    kind: 'drift',
    title: 'How far each token moved',
    text: `${of}${outlined.length} outlined${mean}`,
    attempt,
    picture,
    outlined,
  };
}
