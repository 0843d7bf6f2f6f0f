// Severities of blocks that drift no more than the ones before, in kinds that real ones may be of. Each is made of a source of
// uniform numbers in [0, 1), and has a mean of about 1; deviations are 0.1 where the kind does not say another.

const DEVIATION = 0.1;

/** A generator of uniform numbers (mulberry32 by T. Ettinger). */
export function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A standard normal number (Box and Muller). */
export const normal = (uniform) => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

const student3 = (uniform) =>
  normal(uniform) / Math.sqrt((normal(uniform) ** 2 + normal(uniform) ** 2 + normal(uniform) ** 2) / 3);

/** A severity is a length: where a draw is below 0, its amount. */
const independent = (draw) => (uniform, count) => Array.from({ length: count }, () => Math.abs(draw(uniform)));

/** First-order autoregression that is stationary from its first value on. */
const correlated = (correlation) => (uniform, count) => {
  let value = normal(uniform);
  return Array.from({ length: count }, () => {
    const severity = 1 + DEVIATION * value;
    value = correlation * value + Math.sqrt(1 - correlation ** 2) * normal(uniform);
    return Math.abs(severity);
  });
};

/** A percent more a block. */
const rising = (series) => (uniform, count) =>
  series(uniform, count).map((severity, block) => severity * (1 + 0.01 * block));

/** As latents of real video have it. */
const firstApart = (series) => (uniform, count) =>
  series(uniform, count).map((severity, block) => (block === 0 ? 6 * severity : severity));

const plain = independent((uniform) => 1 + DEVIATION * normal(uniform));
const heavy = independent((uniform) => 1 + DEVIATION * student3(uniform));

/** By name: (uniform, count) => severities of blocks 1 ... count. */
export const SERIES = {
  normal: plain,
  'normal, deviation 0.3': independent((uniform) => 1 + 0.3 * normal(uniform)),
  't with 3 degrees of freedom': heavy,
  'lognormal, deviation 0.5': independent((uniform) => Math.exp(0.5 * normal(uniform))),
  'AR(1), 0.5': correlated(0.5),
  'AR(1), 0.8': correlated(0.8),
  trend: rising(plain),
  'trend, AR(1) 0.8': rising(correlated(0.8)),
  'first block 6 times': firstApart(plain),
  'first block 6 times, trend, t with 3': firstApart(rising(heavy)),
};
