/** Distances from here on share the last bucket. Source: Wan-Video/Wan2.1 wan/modules/t5.py T5RelativeEmbedding. */
const MAX_DISTANCE = 128;

/**
 * Which row of T5's position table each distance key - query uses. Half of the buckets are for keys after the query;
 * of each half, the first half counts distances exactly and the second spans them logarithmically up to 128.
 * Source: Wan-Video/Wan2.1 wan/modules/t5.py T5RelativeEmbedding._relative_position_bucket (bidirectional).
 * @param length tokens of the sequence
 * @param buckets rows of the table, a multiple of 4
 * @returns [2 * length - 1], for the distances -(length - 1) to length - 1
 */
export function relativePositionBuckets(length: number, buckets: number): Uint32Array {
  const half = buckets / 2;
  const exact = half / 2;
  return Uint32Array.from({ length: 2 * length - 1 }, (_, index) => {
    const distance = index - (length - 1);
    const far = Math.abs(distance);
    const bucket = far < exact ? far : Math.min(half - 1, exact + logBucket(far / exact, exact));
    return bucket + (distance > 0 ? half : 0);
  });
}

/** Each step is rounded to float32, as torch does, since a quotient that lands on an integer decides the bucket. */
function logBucket(ratio: number, exact: number): number {
  const log = Math.fround(Math.log(Math.fround(ratio)));
  return Math.floor(Math.fround(Math.fround(log / Math.fround(Math.log(MAX_DISTANCE / exact))) * exact));
}
