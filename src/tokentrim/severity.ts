import * as z from 'zod';

/**
 * S_t: the ceil(fraction * N) tokens that moved most, ascending; of two that moved equally the smaller index goes first.
 * Source: arXiv 2602.00268, unstable set; the tie rule is our choice.
 * @param drift d_i, one a token
 */
export function unstableTokens(drift: ArrayLike<number>, fraction: number): number[] {
  // 0.07 * 100 is 7.000000000000001: rounded up as it is, a hair over an integer would cost one token more.
  const count = Math.max(1, Math.ceil(fraction * drift.length - 1e-9));
  return Array.from(drift, (_, token) => token)
    .sort((left, right) => drift[right] - drift[left] || left - right)
    .slice(0, count)
    .sort((left, right) => left - right);
}

/** D_t: the mean drift over the unstable tokens. */
export function severity(drift: ArrayLike<number>, unstable: readonly number[]): number {
  return unstable.reduce((sum, token) => sum + drift[token], 0) / unstable.length;
}

/** What `RunningStatistics` has counted, to go on from. */
export interface SavedStatistics {
  readonly count: number;
  readonly mean: number;
  /** Sum of the squared distances to the mean. */
  readonly squares: number;
}

/** Made when it is asked for, so that a page which only measures needs no zod. */
const statisticsSchema = (): z.ZodType<SavedStatistics> =>
  z.strictObject({ count: z.int().nonnegative(), mean: z.number(), squares: z.number().min(0) });

/** mu_t and sigma_t: mean and population standard deviation of the accepted severities, in constant memory (Welford). */
export class RunningStatistics {
  count = 0;
  mean = 0;
  #squares = 0;

  get std(): number {
    return this.count > 0 ? Math.sqrt(this.#squares / this.count) : 0;
  }

  add(value: number): void {
    this.count++;
    const delta = value - this.mean;
    this.mean += delta / this.count;
    this.#squares += delta * (value - this.mean);
  }

  save(): SavedStatistics {
    return { count: this.count, mean: this.mean, squares: this.#squares };
  }

  restore(saved: unknown): void {
    const { count, mean, squares } = statisticsSchema().parse(saved);
    Object.assign(this, { count, mean });
    this.#squares = squares;
  }
}
