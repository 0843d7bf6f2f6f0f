/**
 * Kernel against twin on values of about 1: rounding of float32 sums.
 * Measured: 4e-6 at most over the property tests, on lavapipe and SwiftShader.
 * Headroom: 5x. Still caught: a missing term, a wrong index or mask, erf GELU for tanh GELU (5e-4).
 */
export const KERNEL_TOLERANCE = 2e-5;

/**
 * Normal numbers against torch's: it computes logarithm, sine and cosine in float32, by its own polynomials.
 * Measured: 2.4e-7 at most over the 7 700 numbers of the case torch-randn.
 * Headroom: 8x, for a torch whose scalar kernel ran. Still caught: any other order or width of the bits (errors of 1).
 */
export const RANDN_TOLERANCE = 2e-6;

/**
 * umT5 on an adapter against a plain float64 implementation, two layers and values of up to 3.
 * Measured: 2.2e-6 at most, on lavapipe and SwiftShader.
 * Headroom: 9x. Still caught: scaled scores, erf GELU, a bucket or a padding key too many (1e-3 and more).
 */
export const UMT5_TOLERANCE = 2e-5;

/**
 * Kernels and twins against small numbers worked out by hand.
 * Measured: 5e-7 at most (one float32 step at 7), on lavapipe and SwiftShader.
 * Headroom: 4x. Still caught: the wrong formula on both sides, which the property tests cannot see.
 */
export const PINNED_TOLERANCE = 2e-6;

/**
 * The VAE decoded frame by frame against all frames at once, by the same kernels; values of up to about 5.
 * Measured: 0 on lavapipe and SwiftShader: every output is summed in the same order both ways.
 * Headroom: rounding, for adapters that reorder. Still caught: one frame of history lost or kept too long (1e-2 and more).
 */
export const VAE_TOLERANCE = 1e-5;

/**
 * A call of the DiT inside a rollout against the plain float64 model, values of up to 5.
 * Measured: 1.8e-6 at most over the calls of both rollouts, on lavapipe.
 * Headroom: 5x. Still caught: a cached token too many or too few, an anchor one frame off (0.6).
 */
export const ROLLOUT_TOLERANCE = 1e-5;
