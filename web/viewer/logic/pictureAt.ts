import type { PicturesEvent, Sheet } from '../../../src/trace/format.js';
import type { TracedAttempt, TracedBlock } from '../../../src/trace/traceReader.js';

/** A picture: its place in a sheet. */
export interface PictureRef {
  readonly sheet: Sheet;
  readonly index: number;
}

/** Pictures of a block: those of the video, else of the tiny VAE. */
export function picturesOf(block: TracedBlock): readonly PicturesEvent[] {
  return block.pictures.length > 0 ? block.pictures : block.previews;
}

/** The numbers in the video of a block's pictures. */
export function pictureRange(block: TracedBlock): { readonly first: number; readonly count: number } {
  const events = picturesOf(block);
  return { first: events.at(0)?.first ?? 0, count: countOf(events) };
}

/** How many pictures events have together. */
export const countOf = (events: readonly PicturesEvent[]): number =>
  events.reduce((sum, { sheet }) => sum + sheet.count, 0);

/** One of the pictures of several sheets, in order; the last one where there are fewer. */
export function pictureAt(events: readonly PicturesEvent[], offset: number): PictureRef | null {
  let left = Math.max(0, Math.min(offset, countOf(events) - 1));
  for (const { sheet } of events) {
    if (left < sheet.count) return { sheet, index: left };
    left -= sheet.count;
  }
  return null;
}

/** The last picture of a block; where none were made of it, what its last call predicted. */
export function lastPicture(block: TracedBlock): AttemptPicture {
  const events = picturesOf(block);
  const picture = pictureAt(events, countOf(events) - 1);
  if (picture) return { picture, source: block.pictures.length > 0 ? 'video' : 'preview' };
  const last = block.attempts.at(-1);
  const predicted = (last && predictionsOf(block, last).at(-1)) ?? null;
  return { picture: predicted, source: predicted ? 'x0' : 'none' };
}

/** What an attempt looked like, and how that is known. */
export interface AttemptPicture {
  readonly picture: PictureRef | null;
  readonly source: 'video' | 'preview' | 'rejected' | 'x0' | 'none';
}

/**
 * A picture of an attempt: its own where they were made, else what its last call predicted.
 * @param step the denoising call whose prediction is asked for; null for what came of all of them
 */
export function attemptPicture(
  block: TracedBlock,
  attempt: TracedAttempt,
  offset: number,
  step: number | null,
): AttemptPicture {
  if (step === null) {
    const isKept = block.accepted !== null && attempt === block.attempts.at(-1);
    if (isKept) {
      const picture = pictureAt(picturesOf(block), offset);
      if (picture) return { picture, source: block.pictures.length > 0 ? 'video' : 'preview' };
    }
    if (attempt.rejected) return { picture: pictureAt([attempt.rejected], offset), source: 'rejected' };
  }
  const calls = predictionsOf(block, attempt);
  const picture = calls.at(step ?? -1) ?? null;
  return { picture, source: picture ? 'x0' : 'none' };
}

/** What the calls of an attempt predicted, one picture a call. */
export function predictionsOf(block: TracedBlock, { attempt }: TracedAttempt): readonly PictureRef[] {
  return block.x0
    .filter((event) => event.attempt === attempt)
    .flatMap(({ sheet }) => Array.from({ length: sheet.count }, (_, index) => ({ sheet, index })));
}

/** Most calls of an attempt that there are predictions of. */
export function mostPredictions(block: TracedBlock | undefined): number {
  return Math.max(0, ...(block?.attempts.map((attempt) => predictionsOf(block, attempt).length) ?? []));
}
