import type { TrimPolicyName } from '../../../src/tokentrim/trimOptions.js';
import type { TracedVideo } from '../../../src/trace/format.js';
import { type MethodStep, STEP_TEXTS, type StepText } from './methodSteps.js';
import { trimOf } from './trimOf.js';

/** Where another policy than TokenTrim is asked: the steps in which it differs. */
export const OTHER_TEXTS: Readonly<Record<TrimPolicyName, Partial<Record<MethodStep, StepText>>>> = {
  tokentrim: {},
  adaptive: {
    set: {
      formula: 'S_t = of the ⌈p·N⌉ largest d_i, those that are outliers of the map',
      means: 'Adaptive pruning removes no token for its rank alone; the one that moved most is always in the set.',
      functions: 'outlierTokens',
      file: 'src/tokentrim/severityForecast.ts',
    },
    severity: { ...STEP_TEXTS.severity, formula: 'D_t = mean of the ⌈p·N⌉ largest d_i' },
    statistics: {
      formula:
        'log D_t is foretold as the median of the three before it; its errors so far say how far off that may be',
      means: 'What is usual in this video so far, with its trend. Block 1 does not count.',
      functions: 'forecastSeverity',
      file: 'src/tokentrim/severityForecast.ts',
    },
    trigger: {
      formula: 't > T_{warm} and D_t > the upper end of a prediction interval',
      means: 'A block that moved more than was foretold is not accepted; a stated share at the most is by chance.',
      functions: 'adaptiveTrim',
      file: 'src/tokentrim/adaptiveTrim.ts',
    },
  },
  placebo: {
    prune: {
      formula: 'as many tokens as S_t has, drawn at random, leave the recent frames, in every layer',
      means: 'A control: what the second try then does, pruning S_t itself did not give.',
      functions: 'placebo',
      file: 'src/tokentrim/controls.ts',
    },
  },
  regenerate: {
    prune: {
      formula: 'nothing leaves the cache',
      means: 'A control: the block is made again without pruning.',
      functions: 'regenerate',
      file: 'src/tokentrim/controls.ts',
    },
    regenerate: {
      ...STEP_TEXTS.regenerate,
      formula: 'at most R times, from fresh noise',
      means: 'The block is made again over the same cache, and measured again.',
    },
  },
};

/** What is said of a step in a run: its policy's own words, its method's own function. */
export function stepText(step: MethodStep, video: TracedVideo): StepText {
  const text = OTHER_TEXTS[trimOf(video)?.policy ?? 'tokentrim'][step] ?? STEP_TEXTS[step];
  if (step !== 'regenerate' || video.method !== 'rolling-forcing') return text;
  return { ...text, functions: 'rollingForcing', file: 'src/pipelines/rollingForcing.ts' };
}
