import type { MotionEvent } from '../../../src/trace/format.js';
import { digitsApart, short } from './sentence.js';

/** What FlowMo did, in a sentence that claims no more than the two numbers say. */
export function motionWords({ before, after, change }: MotionEvent): string {
  const digits = digitsApart(before, ...(after === null ? [] : [after]));
  const moved = `FlowMo moved the noisy latents by ${short(change.mean, 4)} on average, by ${short(change.largest, 4)} at most.`;
  const first = `The pixel that moved most unevenly had ${short(before, digits)}`;
  if (after === null)
    return `${moved} ${first}; the flow was not predicted again, so what came of it was not measured.`;
  const than = after < before ? 'less than before' : after > before ? 'more than before' : 'as much as before';
  return `${moved} ${first}; in the flow that was predicted again the largest is ${short(after, digits)}, ${than}.`;
}
