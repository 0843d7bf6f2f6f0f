import { studentQuantile } from './studentT.js';

/** Severities that are remembered: about a block for each that may be made again by chance. */
export const REMEMBERED = 40;

/** Accepted blocks before a block that foretell it. Their median is not moved by one of them. */
const SPAN = 3;

/** Median deviations past which an error counts as no larger: what was abnormal once must not make the rule deaf. */
const FARTHEST = 4;

/** Errors from which a median deviation says how far is far. */
const SETTLED = 5;

/** Of the stated rate, what normal errors may take. Heavy tails and correlation take the rest (docs/decisions/017-adaptive-policy.md). */
const SHARE = 0.5;

/** A severity is never foretold better than this, relatively: rounding is no drift. */
const LEAST_DEVIATION = 1e-6;

type Forecast = Record<'mean' | 'std' | 'threshold', number>;

/**
 * What the next severity should be at the most: the upper end of a prediction interval, one-sided. In logarithms, since a
 * severity is a length; each is foretold as the median of the three before it, which follows a trend and correlation; and
 * how far the foretelling was off, block by block so far, says how far it may be now: its mean error plus Student's t for so
 * many errors times their deviation.
 * Source: Student's prediction interval (any textbook), on one-step errors; errors are winsorised (J. W. Tukey) at four
 * median deviations. The arrangement is ours.
 * @param severities of accepted blocks, the newest last; those before the last 40 do not count
 * @param falseAlarms share of blocks that may be above it though nothing changed
 * @returns what is expected, its deviation and the threshold, as severities; undefined for fewer than three
 */
export function forecastSeverity(severities: readonly number[], falseAlarms: number): Forecast | undefined {
  const logs = severities.slice(-REMEMBERED).map((each) => Math.log(Math.max(each, Number.MIN_VALUE)));
  const foretold = (index: number) => median(logs.slice(Math.max(0, index - SPAN), index));
  const errors = logs.slice(1).map((each, before) => each - foretold(before + 1));
  const count = errors.length;
  if (count < 2) return undefined;
  const middle = median(errors);
  const apart = NORMAL_DEVIATION * median(errors.map((error) => Math.abs(error - middle)));
  const reach = count < SETTLED ? Number.POSITIVE_INFINITY : FARTHEST * apart;
  const kept = errors.map((error) => Math.min(Math.max(error, middle - reach), middle + reach));
  const bias = kept.reduce((sum, error) => sum + error, 0) / count;
  const squares = kept.reduce((sum, error) => sum + (error - bias) ** 2, 0);
  // Of one more error beside the mean of so many.
  const deviation = Math.max(LEAST_DEVIATION, Math.sqrt((squares / (count - 1)) * (1 + 1 / count)));
  const mean = Math.exp(foretold(logs.length) + bias);
  const factor = studentQuantile(1 - SHARE * falseAlarms, count - 1);
  return { mean, std: mean * deviation, threshold: mean * Math.exp(factor * deviation) };
}

/** A token whose drift is as many deviations above the others' is an outlier: B. Iglewicz and D. Hoaglin (1993). */
const OUTLIER = 3.5;

/** What makes the median deviation of normal values their standard deviation. */
const NORMAL_DEVIATION = 1.4826;

/**
 * Of the tokens that moved most, those that are outliers of the drift map: their logarithm lies more than 3.5 robust
 * deviations above the median. The first is always one, so that a block that was too far off has something to lose.
 * @param drift d_i, one a token
 * @param most tokens that moved most, ascending: no others are taken
 * @returns ascending
 */
export function outlierTokens(drift: readonly number[], most: readonly number[]): number[] {
  const logs = drift.map((each) => Math.log(Math.max(each, Number.MIN_VALUE)));
  const middle = median(logs);
  const deviation = NORMAL_DEVIATION * median(logs.map((each) => Math.abs(each - middle)));
  const first = most.reduce((farthest, token) => (drift[token] > drift[farthest] ? token : farthest), most[0]);
  return most.filter((token) => token === first || logs[token] > middle + OUTLIER * deviation);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
