import type { TracedVideo } from '../../../src/trace/format.js';
import type { BlockFacts } from './facts.js';

/** The drift that has the fullest colour: the same in every map of a run. */
export function topOf(all: readonly BlockFacts[]): number {
  return Math.max(1e-6, ...all.flatMap(({ tries }) => tries.map((each) => each * 1.1)));
}

/** Why the chart has no dots. */
export function whyNothing({ method, trim }: TracedVideo, isWhole: boolean): string {
  if (method === 'wan') return 'All pictures are made at once: there are no blocks to compare.';
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
