import type { MotionEvent } from '../../../src/trace/format.js';
import { digitsApart, short } from './sentence.js';

/** Of what FlowMo did in the first calls of an attempt, that of the call that is looked at, or of the last: which, from 0. */
export const shownMotion = (motions: readonly MotionEvent[], step: number | null): number =>
  Math.min(step ?? Number.POSITIVE_INFINITY, motions.length - 1);

/**
 * What FlowMo did in a call, in a sentence that claims no more than the two numbers say.
 * @param call from 0
 * @param calls in which it acted
 */
export function motionWords({ before, after, change }: MotionEvent, call = 0, calls = 1): string {
  const digits = digitsApart(before, ...(after === null ? [] : [after]));
  const where = calls > 1 ? `FlowMo acted in the first ${calls} calls. In call ${call + 1} it` : 'FlowMo';
  const moved = `${where} moved the noisy latents by ${short(change.mean, 4)} on average, by ${short(change.largest, 4)} at most.`;
  const first = `The pixel that moved most unevenly had ${short(before, digits)}`;
  if (after === null)
    return `${moved} ${first}; the flow was not predicted again, so what came of it was not measured.`;
  const than = after < before ? 'less than before' : after > before ? 'more than before' : 'as much as before';
  return `${moved} ${first}; in the flow that was predicted again the largest is ${short(after, digits)}, ${than}.`;
}
