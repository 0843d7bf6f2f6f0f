/**
 * The quantile of Student's t: the value that it stays below with probability `probability`, to about six digits.
 * Source: G. W. Hill, Algorithm 396: Student's t-quantiles, CACM 13 (1970) 619-620, whose names these are; its normal
 * deviate is computed, not looked up.
 * @param probability above 0.5, below 1
 * @param freedom degrees of freedom, a whole number of 1 or more
 */
export function studentQuantile(probability: number, freedom: number): number {
  const n = freedom;
  const p = 2 * (1 - probability); // of both tails
  if (n === 1) return 1 / Math.tan((p * Math.PI) / 2);
  if (n === 2) return Math.sqrt(2 / (p * (2 - p)) - 2);
  const a = 1 / (n - 0.5);
  const b = 48 / (a * a);
  let c = (((20700 * a) / b - 98) * a - 16) * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n;
  let y = (d * p) ** (2 / n);
  if (y <= 0.05 + a) {
    const tail = 1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4);
    return Math.sqrt(n * (((tail * y - 1) * (n + 1)) / (n + 2) + 1 / y));
  }
  const x = -normalQuantile(1 - p / 2); // negative, as in the source
  if (n < 5) c += 0.3 * (n - 4.5) * (x + 0.6);
  c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b;
  const square = x * x;
  y = (((((0.4 * square + 6.3) * square + 36) * square + 94.5) / c - square - 3) / b + 1) * x;
  y = a * y * y;
  return Math.sqrt(n * (y > 0.002 ? Math.expm1(y) : 0.5 * y * y + y));
}

/**
 * The quantile of the normal distribution, to nine digits.
 * Source: P. J. Acklam's rational approximation (2003), for probabilities of 0.5 to 1.
 */
function normalQuantile(probability: number): number {
  if (probability > 0.97575) {
    const q = Math.sqrt(-2 * Math.log(1 - probability));
    const top = polynomial(
      q,
      [
        -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
        2.938163982698783,
      ],
    );
    return -top / polynomial(q, [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1]);
  }
  const q = probability - 0.5;
  const r = q * q;
  const top = polynomial(
    r,
    [
      -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
      2.506628277459239,
    ],
  );
  return (
    (q * top) /
    polynomial(r, [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1])
  );
}

/** @param coefficients the highest power's first */
const polynomial = (x: number, coefficients: readonly number[]): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
