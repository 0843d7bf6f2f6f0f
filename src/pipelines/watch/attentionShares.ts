import type { AttentionContext } from '../../kernels/attention/attentionForm.js';
import type { KeyColumns } from '../../kernels/attention/attentionWeights.js';
import { meanAttention } from '../../kernels/attention/meanAttention.js';
import { gatherRows } from '../../kernels/rows/rows.js';
import type { CacheCall } from '../../models/wan/kvCache.js';
import type { Device } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import { readSoon } from './readSoon.js';
import type { CallBlock, SeenAt, SeenAttention, TappedCall } from './seen.js';

interface AttentionSharesOptions {
  readonly heads: number;
  /** Of the DiT. */
  readonly layers: number;
  readonly tokensPerFrame: number;
  readonly block: CallBlock;
  readonly call: TappedCall;
  readonly place: SeenAt & { readonly index: number };
  readonly tokens: readonly number[];
  readonly chosen: readonly number[] | undefined;
}

/** What some tokens of a block attend to in one call, layer after layer. */
export class AttentionShares {
  readonly #rows: Uint32Array;
  readonly #layers: readonly number[];
  readonly #readings: Promise<Float32Array>[] = [];

  constructor(
    private readonly device: Device,
    private readonly options: AttentionSharesOptions,
  ) {
    const { block, tokens, tokensPerFrame, layers, chosen } = options;
    const frames = Array.from({ length: block.frames }, (_, at) => block.from + at);
    this.#rows = Uint32Array.from(
      tokens.flatMap((token) => frames.map((frame) => frame * tokensPerFrame + token)), // [tokens, frames]
    );
    const all = Array.from({ length: layers }, (_, layer) => layer);
    this.#layers = all.filter((layer) => chosen?.includes(layer) ?? true);
  }

  /**
   * @param query [tokens of the call, dim]
   * @param cached how many keys of which frames stand before the call's own
   * @returns what was seen, at the last layer that was asked for
   */
  see(
    layer: number,
    query: Tensor,
    context: AttentionContext,
    cached: NonNullable<CacheCall['frames']>,
  ): SeenAttention | undefined {
    const { heads, tokens, tokensPerFrame, call, place } = this.options;
    if (!this.#layers.includes(layer)) return undefined;
    const frames = call.blocks.reduce((sum, block) => sum + block.frames, 0);
    const counts = [...cached.map((each) => each.tokens), ...Array<number>(frames).fill(tokensPerFrame)];
    this.device.scope(() => {
      const chosen = gatherRows(query, this.device.upload(this.#rows, [this.#rows.length]));
      const { weights, columns } = meanAttention(chosen, context, heads);
      const reading = readSoon(weights).then((values) => sharesOf(values, columns, counts));
      reading.catch(() => undefined); // awaited below
      this.#readings.push(reading);
    });
    if (this.#readings.length < this.#layers.length) return undefined;
    const own = Array.from({ length: frames }, (_, at) => call.firstFrame + at);
    const keys = [...cached.map(({ frame }) => frame), ...own];
    const shares = Promise.all(this.#readings.splice(0)).then(joined);
    shares.catch(() => undefined); // awaited by who takes it
    return { kind: 'attention', ...place, layers: this.#layers, tokens, keys, cached: cached.length, shares };
  }
}

/**
 * The weights of each frame's keys added up.
 * @param weights [queries, columns]
 * @param counts keys of each frame, in order
 * @returns [queries, frames]
 */
function sharesOf(weights: Float32Array, keys: KeyColumns, counts: readonly number[]): Float32Array {
  const { columns, rowCount, ownColumn } = keys;
  const queries = weights.length / columns;
  const shares = new Float32Array(queries * counts.length);
  for (let query = 0; query < queries; query++) {
    let key = 0;
    for (const [frame, count] of counts.entries()) {
      let sum = 0;
      for (const end = key + count; key < end; key++)
        sum += weights[query * columns + (key < rowCount ? key : ownColumn + key - rowCount)];
      shares[query * counts.length + frame] = sum;
    }
  }
  return shares;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
