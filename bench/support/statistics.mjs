/** The middle of some numbers. */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Half of what lies between the quartiles, as a share of the median: how far apart the measurements are. */
export function spread(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / 2 / median(values);
}
