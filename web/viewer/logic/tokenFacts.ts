import type { TracedAttempt } from '../../../src/trace/traceReader.js';
import type { BlockFacts } from './facts.js';
import type { Grid } from './outline.js';
import { listed, short } from './sentence.js';

import { type BlockLatents, tokenValues } from './tokenValues.js';

/** Everything about a token of a block, in a line. */
export function tokenWords(
  token: number,
  grid: Grid,
  facts: BlockFacts,
  attempt: TracedAttempt | undefined,
  drift: Float32Array | undefined,
  latents?: BlockLatents,
): string {
  const parts = [`Token ${token}`, `row ${Math.floor(token / grid.width)}, column ${token % grid.width}`];
  if (drift) {
    const rank = drift.reduce((count, each) => count + (each > drift[token] ? 1 : 0), 1);
    parts.push(`drift ${short(drift[token], 2)}, rank ${rank} of ${drift.length}`);
  }
  if (facts.unstable.includes(token)) parts.push('in the unstable set');
  const cached = [...(attempt?.isCacheKnown ? attempt.cache : [])].filter(([frame]) => frame < (facts.firstFrame ?? 0));
  if (cached.length > 0) {
    const live = cached.filter(([, lost]) => !lost.has(token)).map(([frame]) => frame);
    const all = live.length === cached.length;
    parts.push(
      live.length === 0
        ? 'live in no cached frame'
        : `live in ${all ? `all ${cached.length} cached frames` : `cached ${live.length === 1 ? 'frame' : 'frames'} ${listed(live)}`}`,
    );
  }
  if (latents) parts.push(tokenValues(latents, grid, token));
  return parts.join(' · ');
}
