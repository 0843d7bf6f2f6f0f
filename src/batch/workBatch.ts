import type { StopSignal } from '../options/stopSignal.js';
import type { Claim, Claims, Worker } from './claims.js';
import type { PlannedClip } from './clips.js';

/** What became of a clip: made here, made by another worker or earlier, failed here, failed elsewhere meanwhile. */
export type ClipEnd = 'made' | 'found' | 'failed' | 'failed elsewhere';

/** What a worker does with clips; where they lie is its own business. */
export interface BatchWork {
  /** Whether the clip is there, whole, of this very plan. */
  isFinished(clip: PlannedClip): Promise<boolean>;
  /** Whether another worker failed at it since this one began. */
  hasFailedSince(clip: PlannedClip): Promise<boolean>;
  /**
   * Makes a clip, and gives it its name only where `claim` is still held then.
   * @returns false where it is not
   */
  make(clip: PlannedClip, claim: Claim): Promise<boolean>;
  /** Writes down why a clip could not be made. */
  fail(clip: PlannedClip, error: unknown): Promise<void>;
  /** Waits between looks at what others make. */
  pause(): Promise<void>;
  /** Gives signs of life for a claim until the returned function is called. */
  keepAlive(claim: Claim): () => void;
  ended(clip: PlannedClip, end: ClipEnd): void;
  /** Once, when all that is left is made by others. */
  waiting(clips: number): void;
}

/**
 * Makes the clips that no other worker makes, one after another, until each has come to an end: what others hold is looked
 * at again, and made here where they never finish. An error ends the clip, not the batch.
 * @throws where the signal ends it; the claim at hand is let go
 */
export async function workBatch<Self extends Worker>(
  clips: readonly PlannedClip[],
  claims: Claims<Self>,
  work: BatchWork,
  signal?: StopSignal,
): Promise<void> {
  let isWaiting = false;
  for (let [left, round] = [clips, 0]; left.length > 0; round++) {
    const held: PlannedClip[] = [];
    let hasClaimed = false;
    for (const clip of left) {
      signal?.throwIfAborted();
      const end = (await endedBefore(clip, work)) ?? (await attempt(clip, claims, work, { round, signal }));
      if (end === 'held') held.push(clip);
      else {
        hasClaimed ||= end === 'made' || end === 'failed';
        work.ended(clip, end);
      }
    }
    left = held;
    if (left.length === 0 || hasClaimed) continue;
    if (!isWaiting && round > 0) work.waiting(left.length);
    isWaiting ||= round > 0;
    await work.pause();
  }
}

async function endedBefore(clip: PlannedClip, work: BatchWork): Promise<ClipEnd | undefined> {
  if (await work.isFinished(clip)) return 'found';
  return (await work.hasFailedSince(clip)) ? 'failed elsewhere' : undefined;
}

async function attempt<Self extends Worker>(
  clip: PlannedClip,
  claims: Claims<Self>,
  work: BatchWork,
  { round, signal }: { readonly round: number; readonly signal: StopSignal | undefined },
): Promise<ClipEnd | 'held'> {
  // What was done and is not there still the second time has been lost, or spoilt.
  const claim = await claims.take(clip.key, clip.file, round > 0);
  if (!claim) return 'held';
  const rest = work.keepAlive(claim);
  let isDone = false;
  try {
    // Between the look and the claim another may have ended it.
    const before = await endedBefore(clip, work);
    isDone = before === 'found';
    if (before) return before;
    isDone = await work.make(clip, claim);
    return isDone ? 'made' : 'held';
  } catch (error) {
    if (signal?.aborted) throw error;
    if (!(await claim.isHeld())) return 'held';
    await work.fail(clip, error);
    return 'failed';
  } finally {
    rest();
    await claim.release(isDone ? 'done' : 'free');
  }
}
