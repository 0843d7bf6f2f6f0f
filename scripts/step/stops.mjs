// Where a rollout of Self Forcing stops for each step of the method (arXiv 2602.00268, Algorithm 1): a line of the code that
// computes it, found by its text, and what to look at there. docs/TOUR.md has the same formulas beside their functions.

/**
 * @typedef {object} Stop
 * @property {string} name
 * @property {string} formula
 * @property {string} file of src, without extension
 * @property {string} line a part of the one line at which it stops
 * @property {readonly string[]} look expressions in that line's scope
 */

/** @type {readonly Stop[]} */
export const STOPS = [
  {
    name: 'tokens',
    formula: 'token i of a frame = its patch of latent values',
    file: 'kernels/layout/patchify',
    line: 'return launchPatchify(latents,',
    look: ['latents', 'patch', 'output'],
  },
  {
    name: 'summary',
    formula: 'Z_t(i) = mean over the F frames of token i',
    file: 'kernels/drift/tokenDrift',
    line: 'const frameSize = channels * height * width',
    look: ['latents', 'frames', 'components'],
  },
  {
    name: 'drift',
    formula: 'd_i = ‖Z_t(i) − Z_{t−1}(i)‖₂',
    file: 'kernels/drift/tokenDrift',
    line: 'const [tokens, components] = current.shape',
    look: ['current', 'previous'],
  },
  {
    name: 'unstable set',
    formula: 'S_t = the ⌈p·N⌉ largest d_i, ties to the smaller i',
    file: 'tokentrim/severity',
    line: 'const count = Math.max(1,',
    look: ['drift', 'fraction'],
  },
  {
    name: 'severity',
    formula: 'D_t = mean of d_i over S_t',
    file: 'tokentrim/severity',
    line: 'return unstable.reduce(',
    look: ['unstable', 'unstable.map((token) => drift[token])'],
  },
  {
    name: 'statistics',
    formula: 'μ_t = mean of D over the accepted blocks; σ_t = population standard deviation of D',
    file: 'tokentrim/tokenTrim',
    line: 'reviews.push(review)',
    look: ['review.severity', 'statistics.count', 'statistics.mean', 'statistics.std'],
  },
  {
    name: 'trigger',
    formula: 't > T_warm and D_t > μ_t + λ·σ_t',
    file: 'tokentrim/tokenTrim',
    line: 'return isAbnormal && mayIntervene',
    look: ['review.severity', 'threshold', 'isAbnormal', 'mayIntervene'],
  },
  {
    name: 'prune',
    formula: 'rows with spatial index in S_t leave the recent frames, in every layer',
    file: 'models/wan/kvCache',
    line: 'const pruned = new Set(tokens)',
    look: ['tokens', 'beforeFrame', 'this.frames'],
  },
  {
    name: 'regenerate',
    formula: 'at most R times, from the same initial noise',
    file: 'pipelines/selfForcing',
    line: 'tried = yield* attemptBlock(planned, attempt, tried)',
    look: ['block', 'attempt', 'cache.frames'],
  },
];
