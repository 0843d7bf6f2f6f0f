import type { TracedVideo } from '../../../src/trace/format.js';
import type { BlockFacts } from './facts.js';

/** Times the median severity past which one block, as the first of real latents, would leave the maps of the others pale. */
const FARTHEST = 3;

/** The drift that has the fullest colour: the same in every map of a run, and all that is above it has it too. */
export function topOf(all: readonly BlockFacts[]): number {
  const severities = all.flatMap(({ tries }) => tries).sort((left, right) => left - right);
  const [middle = 0, most = 0] = [severities[severities.length >> 1], severities.at(-1)];
  return Math.max(1e-6, 1.1 * Math.min(most, FARTHEST * middle));
}

/** Why the chart has no dots. */
export function whyNothing({ trim }: TracedVideo, isWhole: boolean): string {
  if (trim === false) return 'With TokenTrim off, nothing is measured.';
  return isWhole
    ? 'Nothing was measured: this run has one block.'
    : 'A dot for each block comes here, beside its threshold.';
}

/** What the chart shows, in a line. */
export function measureOf(fraction: number | undefined, check: 'final' | 'first-step' | undefined): string {
  if (fraction === undefined) return '';
  const of = check === 'first-step' ? ', after the first denoising call' : '';
  return `severity: how far the ${Number((100 * fraction).toFixed(1))} % of its tokens that moved most went${of}`;
}
