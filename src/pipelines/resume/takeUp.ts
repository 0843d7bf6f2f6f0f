import { ensure } from '../../errors.js';
import { acceptAll, type Policy } from '../../tokentrim/policy.js';
import { PROGRAM } from '../../version.js';
import type { NoiseSource } from '../noise/noise.js';
import type { SavedRun } from './savedRun.js';

/** What of a run has to be there again in a run that goes on. */
export interface StatefulParts {
  readonly noise: NoiseSource;
  readonly policy: Policy | undefined;
}

/** @throws TokenTrimError where a part could not be brought back from a state */
export function ensureStateful(label: string, { noise, policy }: StatefulParts): void {
  ensure(
    noise.save && noise.restore,
    `${label}: noise of the caller's own has no \`save\` and \`restore\`, which a state needs`,
  );
  ensure(
    policy === undefined || policy === acceptAll || (policy.save && policy.restore),
    `${label}: this policy has no \`save\` and \`restore\`, so that a run which asks it cannot be gone on with: give it both, ` +
      'or run it without a state',
  );
}

/** What rounds differently in the rest of a run than it did in its beginning, for the user to know. */
export function changedSince({ adapter: was, plan }: SavedRun, now: SavedRun['adapter']): string[] {
  const notes: string[] = [];
  if (was.name !== now.name || was.driver !== now.driver) {
    notes.push(
      `note: the run was begun on ${was.name} (${was.driver}), and this is ${now.name} (${now.driver}): adapters ` +
        'round differently, so the rest of the video is not what it would have been there',
    );
  }
  if (plan.program !== PROGRAM) {
    notes.push(
      `note: the run was begun by ${plan.program}, and this is ${PROGRAM}: the rest may differ in its last bits`,
    );
  }
  return notes;
}
