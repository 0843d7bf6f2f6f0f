import { mersenne } from 'pure-rand/generator/mersenne';
import { ensure } from '../errors.js';
import { normalQuantile, normalShare } from './normal.js';

/** How intervals are made; the defaults are those of a comparison. */
export interface BootstrapOptions {
  readonly resamples?: number;
  readonly seed?: number;
  /** The share of intervals that hold the true mean. */
  readonly level?: number;
}

export const BOOTSTRAP_DEFAULTS = { resamples: 2000, seed: 1, level: 0.95 } as const;

/** With fewer, resamples are so few and so alike that an interval would leave out the truth far too often. */
const LEAST_GROUPS = 6;

/** Past it the correction for skewness, which few wild values make, would turn an end around. */
const LEAST_SCALE = 0.05;

/** A mean, and what a bootstrap says of it. */
export interface Estimate {
  /** Observations. */
  readonly n: number;
  readonly mean: number;
  /** The interval; null where there are fewer groups than say how far they scatter. */
  readonly low: number | null;
  readonly high: number | null;
  /** The standard error: the standard deviation of the resampled means. */
  readonly error: number | null;
}

/**
 * Intervals for means by the bootstrap that is corrected for bias and skewness (BCa). Observations that belong together
 * (videos of one prompt) are drawn together: `groups` says which. All values of one comparison are resampled in the same
 * ways, so what is drawn is drawn once.
 * Source: Efron, Better Bootstrap Confidence Intervals, JASA 82 (1987); Davison and Hinkley, Bootstrap Methods, 3.8 and 5.3.
 */
export class Bootstrap {
  readonly #groups: readonly number[];
  readonly #count: number;
  readonly #draws: Int32Array; // [resamples, groups]
  readonly #options: Required<BootstrapOptions>;

  /** @param groups of each observation, any numbers or names */
  constructor(groups: readonly (string | number)[], options: BootstrapOptions = {}) {
    ensure(groups.length > 0, 'a bootstrap needs at least one observation, found none');
    const names = [...new Set(groups)];
    this.#options = { ...BOOTSTRAP_DEFAULTS, ...options };
    this.#groups = groups.map((name) => names.indexOf(name));
    this.#count = names.length;
    this.#draws = new Int32Array(this.#options.resamples * names.length);
    const bits = mersenne(this.#options.seed);
    const scale = names.length / 2 ** 32;
    for (let at = 0; at < this.#draws.length; at++) this.#draws[at] = Math.floor((bits.next() >>> 0) * scale);
  }

  /** @param values one for each observation */
  mean(values: readonly number[]): Estimate {
    ensure(
      values.length === this.#groups.length,
      `expected a value for each of ${this.#groups.length} observations, found ${values.length}`,
    );
    const sums = new Float64Array(this.#count);
    const sizes = new Float64Array(this.#count);
    for (const [index, group] of this.#groups.entries()) {
      sums[group] += values[index];
      sizes[group]++;
    }
    const mean = total(sums) / values.length;
    if (this.#count < LEAST_GROUPS) return { n: values.length, mean, low: null, high: null, error: null };
    const resampled = this.#resample(sums, sizes).sort();
    const error = deviation(resampled);
    const estimate = { n: values.length, mean, error };
    if (resampled[0] === resampled[resampled.length - 1]) return { ...estimate, low: mean, high: mean };
    const bias = normalQuantile(shareBelow(resampled, mean));
    const skew = acceleration(sums, sizes);
    const tail = (1 - this.#options.level) / 2;
    const end = (share: number): number => {
      const z = bias + normalQuantile(share);
      return quantile(resampled, normalShare(bias + z / Math.max(1 - skew * z, LEAST_SCALE)));
    };
    return { ...estimate, low: end(tail), high: end(1 - tail) };
  }

  #resample(sums: Float64Array, sizes: Float64Array): Float64Array {
    const { resamples } = this.#options;
    const means = new Float64Array(resamples);
    for (let resample = 0, at = 0; resample < resamples; resample++) {
      let [sum, size] = [0, 0];
      for (let draw = 0; draw < this.#count; draw++, at++) {
        sum += sums[this.#draws[at]];
        size += sizes[this.#draws[at]];
      }
      means[resample] = sum / size;
    }
    return means;
  }
}

/** The share of sorted values below one, of equal ones half: of values that many pairs share, sums are equal but for rounding. */
function shareBelow(sorted: Float64Array, value: number): number {
  const rounding = 1e-9 * (sorted[sorted.length - 1] - sorted[0]);
  let [below, equal] = [0, 0];
  for (const each of sorted) {
    if (Math.abs(each - value) <= rounding) equal++;
    else if (each < value) below++;
  }
  return (below + equal / 2) / sorted.length;
}

/** How the mean's spread grows with the mean, from the means without each group in turn; 0 where none differs. */
function acceleration(sums: Float64Array, sizes: Float64Array): number {
  const [sum, size] = [total(sums), total(sizes)];
  const without = sums.map((part, group) => (size > sizes[group] ? (sum - part) / (size - sizes[group]) : 0));
  const middle = total(without) / without.length;
  let [squares, cubes] = [0, 0];
  for (const value of without) {
    squares += (middle - value) ** 2;
    cubes += (middle - value) ** 3;
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
}

/** Of sorted values, between the two that are nearest. */
function quantile(sorted: Float64Array, share: number): number {
  const place = Math.min(Math.max(share, 0), 1) * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

function deviation(values: Float64Array): number {
  const mean = total(values) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
