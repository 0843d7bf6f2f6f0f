import fc from 'fast-check';

/** A cache's options with everything at least large enough to be used: blocks fit beside the sink. */
export const cacheProblems = fc
  .record({
    framesPerBlock: fc.integer({ min: 1, max: 4 }),
    sink: fc.integer({ min: 0, max: 4 }),
    spareFrames: fc.integer({ min: 0, max: 5 }),
    tokensPerFrame: fc.integer({ min: 1, max: 5 }),
    blocks: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ spareFrames, ...problem }) => ({
    ...problem,
    capacity: problem.framesPerBlock + problem.sink + spareFrames,
  }));

/** Some of the token indices 0 ... count - 1, ascending; possibly none, possibly all. */
export const tokenSets = (count: number) => fc.subarray(Array.from({ length: count }, (_, token) => token));

/** Drift values with equal ones among the likely: few distinct numbers. */
export const drifts = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 40 });
