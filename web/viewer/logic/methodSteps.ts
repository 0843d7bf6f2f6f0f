import type { TracedVideo } from '../../../src/trace/format.js';
import type { BlockFacts } from './facts.js';
import { listed, plural, short } from './sentence.js';
import { trimOf } from './trimOf.js';

/** The nine steps of the method, in order. */
export const METHOD_STEPS = [
  'tokens',
  'summary',
  'drift',
  'set',
  'severity',
  'statistics',
  'trigger',
  'prune',
  'regenerate',
] as const;
export type MethodStep = (typeof METHOD_STEPS)[number];

export const isMethodStep = (word: unknown): word is MethodStep => METHOD_STEPS.includes(word as MethodStep);

/** What is said of a step. */
export interface StepText {
  /** An underscore is before what stands lower: a letter, or several in braces. */
  readonly formula: string;
  readonly means: string;
  readonly functions: string;
  readonly file: string;
}

/** Equations 3 to 10 and Algorithm 1 of arXiv 2602.00268, and where they are computed (docs/TOUR.md). */
export const STEP_TEXTS: Readonly<Record<MethodStep, StepText>> = {
  tokens: {
    formula: 'token i of a frame = its patch of latent values',
    means: 'A latent frame is cut into patches. Each is a token: what the model attends to, and what can be removed.',
    functions: 'patchify',
    file: 'src/kernels/layout/patchify.ts',
  },
  summary: {
    formula: 'Z_t(i) = mean over the F frames of token i',
    means: 'A block is summed up by one vector for each place of the grid.',
    functions: 'tokenSummary',
    file: 'src/kernels/drift/tokenDrift.ts',
  },
  drift: {
    formula: 'd_i = ‖Z_t(i) − Z_{t−1}(i)‖_2',
    means: 'How far each token went since the block before.',
    functions: 'tokenDrift',
    file: 'src/kernels/drift/tokenDrift.ts',
  },
  set: {
    formula: 'S_t = the ⌈p·N⌉ largest d_i, ties to the smaller i',
    means: 'The tokens that moved most are the unstable set.',
    functions: 'unstableTokens',
    file: 'src/tokentrim/severity.ts',
  },
  severity: {
    formula: 'D_t = mean of d_i over S_t',
    means: 'How much the block moved, in one number.',
    functions: 'severity',
    file: 'src/tokentrim/severity.ts',
  },
  statistics: {
    formula: 'μ_t, σ_t = mean and standard deviation of D over the accepted blocks',
    means: 'What is usual in this video so far. In JSON they are called mean and std.',
    functions: 'RunningStatistics',
    file: 'src/tokentrim/severity.ts',
  },
  trigger: {
    formula: 't > T_{warm} and D_t > μ_t + λ·σ_t',
    means: 'A block that moved more than usual, after the warm-up, is not accepted.',
    functions: 'tokenTrim',
    file: 'src/tokentrim/tokenTrim.ts',
  },
  prune: {
    formula: 'rows with spatial index in S_t leave the recent frames, in every layer',
    means: 'The cache forgets the unstable tokens of the past; the sink keeps its own.',
    functions: 'KvCache.prune',
    file: 'src/models/wan/kvCache.ts',
  },
  regenerate: {
    formula: 'at most R times, from the same initial noise',
    means: 'The block is made again over what is left of the cache, and measured again.',
    functions: 'selfForcing',
    file: 'src/pipelines/selfForcing.ts',
  },
};

/** What the numbers of a step are made of. */
export interface StepInputs {
  readonly facts: BlockFacts;
  readonly video: TracedVideo;
  /** Kept severities of the blocks before it. */
  readonly before: readonly number[];
  /** d_i of the first try, where its map is there. */
  readonly drift: Float32Array | undefined;
}

const NOT_MEASURED = 'Nothing was measured of this block.';

/** The numbers of a block in a step's formula. */
export function stepNumbers(step: MethodStep, { facts, video, before, drift }: StepInputs): string {
  const { grid } = video;
  const trim = trimOf(video);
  const count = grid.height * grid.width;
  const { severity, mean, std, threshold, unstable, pruned, trimmed, tries, traced } = facts;
  const isMeasured = severity !== null;
  switch (step) {
    case 'tokens':
      return `A grid of ${grid.height} × ${grid.width}: N = ${count} tokens a frame, and F = ${facts.frames} frames in this block.`;
    case 'summary':
      return `${plural(count, 'mean')} over ${plural(facts.frames, 'frame')}.`;
    case 'drift': {
      if (!isMeasured) return NOT_MEASURED;
      if (!drift) return 'The map of this block is not in the trace.';
      const order = Array.from(drift, (_, token) => token).sort((left, right) => drift[right] - drift[left]);
      return `Token ${order[0]} moved farthest: ${short(drift[order[0]], 2)}. Half of the tokens moved less than ${short(drift[order[count >> 1]], 2)}.`;
    }
    case 'set': {
      if (!isMeasured) return NOT_MEASURED;
      const share = trim && trim.policy !== 'adaptive' ? `⌈${trim.fraction} · ${count}⌉ = ` : '';
      return `${share}${unstable.length}: ${few(unstable)}.`;
    }
    case 'severity': {
      if (!isMeasured) return NOT_MEASURED;
      if (trim?.policy === 'adaptive')
        return `The mean over the share p of tokens that moved most is ${short(severity, 2)}.`;
      const sum =
        drift && unstable.length <= 4 ? unstable.map((token) => short(drift[token], 2)).join(' + ') : undefined;
      return sum
        ? `(${sum}) / ${unstable.length} = ${short(severity, 2)}`
        : `The mean over ${unstable.length} tokens is ${short(severity, 2)}.`;
    }
    case 'statistics':
      if (trim?.policy === 'adaptive' && mean !== null && std !== null)
        return `${short(mean, 2)} was foretold, give or take ${short(std, 2)}.`;
      if (mean === null || std === null) return 'There is no accepted severity before this block.';
      return `μ = ${short(mean, 2)} and σ = ${short(std, 2)} of ${plural(before.length, 'block')}${before.length <= 6 ? `: ${before.map((each) => short(each)).join(', ')}` : ''}.`;
    case 'trigger': {
      if (!isMeasured) return NOT_MEASURED;
      if (threshold === null || mean === null || std === null || !trim) return 'There is nothing to set beside it.';
      const isPast = traced.block > trim.warmup;
      const sum =
        trim.policy === 'adaptive'
          ? `${short(threshold, 2)}, the limit where ${short(mean, 2)} was foretold`
          : `${short(mean, 2)} + ${trim.sensitivity} · ${short(std, 2)} = ${short(threshold, 2)}`;
      const is = severity > threshold;
      return `${traced.block} ${isPast ? '>' : '≤'} ${trim.warmup}, and ${short(severity, 2)} ${is ? '>' : '≤'} ${sum}: ${isPast && is ? 'not accepted' : 'accepted'}.`;
    }
    case 'prune':
      return trimmed.length === 0
        ? 'Nothing was removed for this block.'
        : `${plural(pruned.length, 'token')} left each of the frames ${listed(trimmed)}: ${pruned.length * trimmed.length} rows in every layer.`;
    case 'regenerate': {
      const most = trim ? `R = ${trim.maxRegenerations}. ` : '';
      if (tries.length < 2) return `${most}This block was made once.`;
      return `${most}${tries.map((each, index) => `${index === 0 ? 'First try' : `try ${index + 1}`} ${short(each, 2)}`).join(', ')}.`;
    }
  }
}

const few = (tokens: readonly number[]) =>
  tokens.length > 8
    ? `tokens ${tokens.slice(0, 8).join(', ')}, …`
    : `${tokens.length === 1 ? 'token' : 'tokens'} ${listed(tokens)}`;
