import type { AttentionEvent, TapEvent } from '../../../src/trace/format.js';
import type { TracedAttempt } from '../../../src/trace/traceReader.js';
import { listed, plural, short } from './sentence.js';
import type { BlockLatents } from './tokenValues.js';

/** A frame that was attended to: in the cache, the block's own, or of a later block in the same call. */
export interface Share {
  readonly frame: number;
  readonly kind: 'cached' | 'own' | 'ahead';
  /** Of 1; a mean over heads and the block's frames. */
  readonly share: number;
}

/** What a token attended to in a layer. */
export interface AttentionRow {
  readonly step: number;
  readonly layer: number;
  readonly shares: readonly Share[];
}

/** The latest of what was told twice: a rolling window that was made again tells its later blocks again. */
function latest<Told>(events: readonly Told[], keyOf: (event: Told) => string): Told[] {
  return [...new Map(events.map((event) => [keyOf(event), event])).values()];
}

/** What was kept of what tokens attended to. */
export const attentionsOf = (attempt: TracedAttempt | undefined): AttentionEvent[] =>
  latest(attempt?.attentions ?? [], ({ step, tokens, layers }) => `${step} ${tokens} ${layers}`);

/** What was kept of the DiT's parts. */
export const tapsOf = (attempt: TracedAttempt | undefined): TapEvent[] =>
  latest(attempt?.taps ?? [], ({ step, name }) => `${step} ${name}`);

/** Rows of a token, layer by layer; none where it was not asked about. */
export function attentionRows(event: AttentionEvent, shares: ArrayLike<number>, token: number): AttentionRow[] {
  const { layers, tokens, frames, keys, cached, step } = event;
  const at = tokens.indexOf(token);
  if (at < 0) return [];
  return layers.map((layer, index) => {
    const first = (index * tokens.length + at) * frames.length * keys.length;
    const row = keys.map((frame, key): Share => {
      let sum = 0;
      for (let query = 0; query < frames.length; query++) sum += shares[first + query * keys.length + key];
      const kind = key < cached ? 'cached' : frames.includes(frame) ? 'own' : 'ahead';
      return { frame, kind, share: sum / frames.length };
    });
    return { step, layer, shares: row.sort((left, right) => left.frame - right.frame) };
  });
}

/** How much went to the past and how much to the block itself, in words. */
export function attentionWords({ shares }: AttentionRow): string {
  const sum = (kind: Share['kind']) => shares.reduce((total, each) => total + (each.kind === kind ? each.share : 0), 0);
  const parts = [`${percent(sum('cached'))} to the cache`, `${percent(sum('own'))} to its own block`];
  if (shares.some(({ kind }) => kind === 'ahead')) parts.push(`${percent(sum('ahead'))} to later blocks of the call`);
  return parts.join(', ');
}

export const percent = (share: number): string => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** The length of each token's vector in a tap, a mean over the block's frames. */
export function tokenNorms({ shape, values }: BlockLatents): Float32Array {
  const [frames, tokens, width] = shape;
  const norms = new Float32Array(tokens);
  for (let row = 0; row < frames * tokens; row++) {
    let sum = 0;
    for (let each = row * width; each < (row + 1) * width; each++) sum += values[each] ** 2;
    norms[row % tokens] += Math.sqrt(sum) / frames;
  }
  return norms;
}

/** Values of a vector that are written out. */
const FIRST = 4;

/** A token's vector in a tap, frame by frame: its range, its mean, and how it begins. */
export function vectorWords({ shape, values }: BlockLatents, frames: readonly number[], token: number): string[] {
  const [, tokens, width] = shape;
  return frames.map((frame, index) => {
    const first = (index * tokens + token) * width;
    const row = values.subarray(first, first + width);
    const mean = row.reduce((sum, value) => sum + value, 0) / width;
    const [low, high] = [row.reduce((a, b) => Math.min(a, b)), row.reduce((a, b) => Math.max(a, b))];
    const begins = Array.from(row.subarray(0, FIRST), (value) => short(value, 2)).join(', ');
    return `frame ${frame}: ${plural(width, 'value')} from ${short(low, 2)} to ${short(high, 2)}, mean ${short(mean, 2)}; ${begins}${width > FIRST ? ', …' : ''}`;
  });
}

/** The tokens that were asked about, ascending. */
export const watchedTokens = (events: readonly AttentionEvent[]): number[] =>
  [...new Set(events.flatMap(({ tokens }) => tokens))].sort((left, right) => left - right);

/** What to do where another token is chosen. */
export const askedWords = (tokens: readonly number[]): string =>
  `Kept of ${tokens.length === 1 ? 'token' : 'tokens'} ${listed(tokens)} alone.`;
