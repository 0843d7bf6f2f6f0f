/**
 * Kernel against twin on values of about 1: rounding of float32 sums.
 * Measured: 4e-6 at most over the property tests, on lavapipe and SwiftShader; 6e-6 for sums of up to 32 exponentials, those
 * of attention's first step.
 * Headroom: 3x. Still caught: a missing term, a wrong index or mask, erf GELU for tanh GELU (5e-4).
 */
export const KERNEL_TOLERANCE = 2e-5;

/**
 * Gradients of a twin against central differences of it in float64, steps of 1e-4, relative to the largest gradient.
 * Measured: 1e-8 at most, for attention. Headroom: 100x, for steeper functions. Still caught: a term or a factor left out
 * (1e-2 and more).
 */
export const DIFFERENCES_TOLERANCE = 1e-6;

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

/**
 * Values of about 1, up to 11, that went through f16.
 * Measured: 3.9e-3 at most, on lavapipe and SwiftShader: one step of f16 between 4 and 8, where the float32 and the float64
 * value lie on two sides of a rounding boundary.
 * Headroom: 2x, the step between 8 and 16. Still caught: halves swapped in a word, bf16 for f16 (3e-2).
 */
export const HALF_TOLERANCE = 8e-3;

/**
 * A tiny VAE that convolves f16 and remembers f16 against one that does so in f32, the same weights; values of up to 2.6.
 * Measured: 1.3e-2 at most for pixels, 1.6e-3 for latents, over 36 runs on lavapipe and 12 on SwiftShader. So much because
 * four channels are few: a norm makes large numbers of small ones now and then. The toy world's pixels move by 1.6e-3.
 * Headroom: 3x. Still caught: bf16 for f16 (8 times the error), a frame of history that is another one's (1e-1 and more).
 */
export const VAE_HALF_TOLERANCE = 4e-2;

/**
 * The bidirectional model's solvers in the float64 twins against closed forms, values of up to 30.
 * Measured: 3.6e-15 at most. Headroom: 14x. Still caught: any wrong weight, and one that is rounded to float32 (1e-8).
 */
export const SOLVER_TOLERANCE = 5e-14;

/**
 * A drawn clip through the toy world's encoder and decoder: mean of the absolute differences, values from -1 to 1. What
 * the trained VAE loses, not rounding: one pixel of the circle's edge is off by 1.6.
 * Measured: 0.0148 on lavapipe. Headroom: 1.5x. Still caught: the frames of a downsampling in time swapped (0.029), latents
 * that are not normalised (0.10).
 */
export const TOY_PICTURE_TOLERANCE = 0.022;

/**
 * The same for pictures that the decoder made, which it can make again.
 * Measured: 0.0025 on lavapipe. Headroom: 2x. Still caught: the frames of a downsampling in time swapped (0.0073).
 */
export const TOY_AGAIN_TOLERANCE = 0.005;

/**
 * The toy world's encoder and decoder with f16 weights and convolutions' inputs against f32, largest difference of a pixel.
 * Measured: 1.6e-3 on lavapipe, a fifth of the step between two bytes. Headroom: 2.5x. Still caught: bf16 for f16 (8 times
 * the error).
 */
export const TOY_HALF_TOLERANCE = 4e-3;

/**
 * The planned peak of a run's device memory against the measured one, relative, of 4 to 9 MB.
 * Measured: 2.3e-4 at most on lavapipe: Rolling Forcing's last windows, which a plan does not follow, take two more buffers of a
 * block's latents (1.5 kB of 6.7 MB); 1.2e-5 elsewhere.
 * Headroom: 2x. Still caught: one picture of a convolution's history in the VAE (6 kB, 9e-4), a layer's keys and values,
 * weights held in another type.
 */
export const MEMORY_PLAN_TOLERANCE = 5e-4;

/**
 * Mean, variance and correlations of a million synthetic weights against 0, 1 and 0: standard errors of 1e-3 to 1.4e-3.
 * Measured: 4.0e-3 at most (a variance), with seeds that never change; over 400 other tensors the sums of squares are as
 * chance has them. Headroom: 1.7x. Still caught: a word used twice, a counter whose steps show, two tensors alike (1).
 */
export const RANDOM_WEIGHTS_TOLERANCE = 7e-3;

/**
 * An 8-bit weight against its float32, relative to the largest weight of its tensor.
 * Measured: 0.049 at most. Headroom: half of the last of 3 bits is 0.0625 at most. Still caught: a scale left out, codes of neighbours swapped.
 */
export const FLOAT8_TOLERANCE = 0.0625;

/**
 * Pictures that a video begins with against those that were given, through the toy world's encoder and decoder: mean of the
 * absolute differences, values from -1 to 1.
 * Measured: 0.047 for a drawn picture, which the trained VAE blurs, 0.016 for its own video, on lavapipe.
 * Headroom: 1.7x. Still caught: the picture mirrored (0.17).
 */
export const GIVEN_PICTURE_TOLERANCE = 0.08;

/**
 * Outputs of a parity case with weights, and keys and values, in 16 or 8 bits against float32 PyTorch; values of about 1 to 5.
 * Measured: the largest error of the six cases, from the least of them on, on lavapipe: f32 weights with f16 keys 8.7e-4 to
 *   1.7e-3, with bf16 keys 7.3e-3 to 1.6e-2; f16 weights 2.0e-3 to 5.5e-3; bf16 weights 1.7e-2 to 3.5e-2; keys in 8 bits
 *   4.7e-3 to 1.0e-2 beside f32 and f16 weights alike.
 * Headroom: about 2x; below `least` the type was not used at all. Still caught: bf16 in the place of f16 (8 times the error),
 *   halves or bytes swapped in a word, one scale for a whole row, a norm or a sum in 16 bits.
 */
export const HELD_IN_FEWER_BITS: Readonly<Record<string, { least: number; most: number }>> = {
  'f32 f16': { least: 2e-4, most: 4e-3 },
  'f32 bf16': { least: 2e-3, most: 3e-2 },
  'f16 f16': { least: 5e-4, most: 1.2e-2 },
  'bf16 f16': { least: 4e-3, most: 7e-2 },
  'f32 i8': { least: 3e-3, most: 2e-2 },
  'f16 i8': { least: 3e-3, most: 2e-2 },
};

/**
 * Linear by a card's own matrices against the twin, values of about 1.
 * Not measured: no adapter at hand has any; it is what the check at start-up allows. Written out as loops they keep
 * KERNEL_TOLERANCE (2.6e-6). Still caught: sums in f16 or x in f16 (8e-4), a wrong index (1).
 */
export const MATRIX_TOLERANCE = 1e-4;

/**
 * Layer norm of rows up to 300 standard deviations from zero, with one value as far from the others: results of up to 180.
 * Measured: 3.8e-4 at most in the plain form, 8e-5 by subgroups, on lavapipe and SwiftShader.
 * Headroom: 2.6x. Still caught: a variance from the mean square less the squared mean (1.0).
 */
export const FAR_ROWS_TOLERANCE = 1e-3;

/**
 * Products whose inputs are rounded to f16, values of up to 7: linear's `half`, attention's `matrix` (queries and weights).
 * Measured with loops in the place of matrices: 2.05e-3 (a 7 behind a gate), 3.8e-4 for attention. Headroom: 2x. Still caught:
 * bf16 in the place of f16 (8 times the error), any wrong index (1).
 */
export const HALF_INPUT_TOLERANCE = 4e-3;

/**
 * A tiny VAE on an adapter against plain float64 loops, pixels and latents of about 1.
 * Measured: 2.7e-7 at most, on lavapipe, over three configurations.
 * Headroom: 4x. Still caught: a frame of memory lost, another order of channels or patches, a missing ReLU (1e-2 and more).
 */
export const TINY_VAE_TOLERANCE = 1e-6;

/**
 * A tiny VAE with 16-bit weights, which are the same, and inputs of its convolutions in f16.
 * Measured: 3.8e-4 at most, on lavapipe.
 * Headroom: 4x. Still caught: a layer left out (0.1 and more).
 */
export const HALF_TINY_VAE_TOLERANCE = 1.5e-3;

/**
 * CIELAB by the tables of measures against culori, L*, a* and b* of up to 100.
 * Measured: 9e-5 at most over the test's 512 colours, 1.3e-4 over 200 000. Headroom: 2x. Still caught: a table of half the
 * steps (4 times the error), D50 for D65 (whole units).
 */
export const LAB_TOLERANCE = 2e-4;

/**
 * Measures of videos where nothing changes, of their own units.
 * Measured: 4e-14 at most (sums in another order). Headroom: for other orders. Still caught: one byte of a frame that changes
 * by one (5e-4).
 */
export const MEASURE_TOLERANCE = 1e-6;

/**
 * The gradient of a tiny DiT on an adapter against the twins, relative to its largest entry.
 * Measured: 2.5e-7 on lavapipe. Headroom: 8x. Still caught: a term left out, a gate of another frame (1e-2 and more).
 */
export const GRADIENT_TOLERANCE = 2e-6;
