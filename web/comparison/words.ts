import type { ComparisonReport, Difference } from '../../src/compare/comparisonReport.js';
import { WHOLE } from '../../src/compare/measuredRun.js';
import { MOMENTS, type Moment } from '../../src/compare/moments.js';

/** What was compared, in a line. */
export function setting({ prompts, seeds, video, adapters }: ComparisonReport): string {
  const made = `${count(prompts.length, 'prompt')}, ${count(seeds.length, 'seed')}, videos of ${video.seconds.toFixed(1)} s`;
  return `${made}, made on ${adapters.join(' and ')}`;
}

/** How many pairs there are, and what they are held against. */
export function titleOf({ arms, baseline, results }: ComparisonReport, preset: string): string {
  const pairs = Math.max(0, ...results.filter((result) => result.preset === preset).map(({ n }) => n));
  return `${preset}: ${count(arms.length - 1, 'arm')} against ${baseline}, ${count(pairs, 'pair')}`;
}

/** Moments that a report has, those of the video's seconds first. */
export function momentsIn({ contrasts }: ComparisonReport): Moment[] {
  const found = new Set(contrasts.flatMap(({ differences }) => Object.values(differences).flatMap(Object.keys)));
  found.delete(WHOLE);
  const seconds = [...found].filter((moment) => moment.endsWith(' s'));
  return [...seconds.sort((left, right) => Number.parseFloat(left) - Number.parseFloat(right)), ...named(found)];
}

const named = (found: ReadonlySet<Moment>): Moment[] => Object.keys(MOMENTS).filter((moment) => found.has(moment));

export const momentName = (moment: Moment): string => MOMENTS[moment] ?? `at ${moment}`;

/** Whether an interval leaves out 0. */
export const isTold = ({ low, high }: Pick<Difference, 'low' | 'high'>): boolean =>
  low !== null && high !== null && (low > 0 || high < 0);

/** What a reader has to know before believing any of it. */
export function cautions(report: ComparisonReport): string[] {
  const { bootstrap, prompts, contrasts, adapters, unequal, baseline } = report;
  const all = contrasts.flatMap(({ differences }) => Object.values(differences).flatMap((each) => Object.values(each)));
  const intervals = all.filter(({ low, high }) => low !== null && low !== high);
  const told = intervals.filter(isTold).length;
  const chance = Math.round((1 - bootstrap.level) * intervals.length);
  const drawn =
    bootstrap.unit === 'prompts'
      ? `What is drawn are prompts with all their seeds, ${prompts.length} of them: intervals speak of prompts like these, made by this model, and of no other.`
      : `There are ${count(prompts.length, 'prompt')}, too few to speak of prompts in general: what is drawn are pairs, and intervals speak of these prompts alone.`;
  return [
    `Of ${intervals.length} intervals ${told} leave out 0. About ${chance} would if nothing differed at all; measures that go together leave it out together.`,
    `Intervals are ${bootstrap.method} bootstraps of ${bootstrap.resamples} resamples, seed ${bootstrap.seed}. ${drawn}`,
    'An interval that holds 0 does not say that nothing differs: a difference within the grey band is one that so many pairs would most often not have shown.',
    'A block that is generated again is another block. What an arm gains over placebo or regenerate is its own; what it gains over the baseline alone may be theirs.',
    'The measures compare pictures with the first seconds of their own video, or with what a prompt of the toy world says. None of them is what a person sees, and a video that stands still drifts least: look at motion beside the rest.',
    'Seconds are by the clock, of runs that may have shared the machine; calls of the DiT are not.',
    ...(adapters.length > 1
      ? [
          'Runs were made on several adapters, which round differently: differences of pairs that two of them made are partly theirs.',
        ]
      : []),
    ...(unequal.length > 0
      ? [
          `${count(unequal.length, 'run')} differ from the ${baseline} before anything was done to them, which must not be: their pairs are no pairs.`,
        ]
      : []),
  ];
}

/** Three digits, with a minus that is one. */
export function short(value: number | null): string {
  if (value === null) return 'none';
  const text = Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  return text.replace('-', '−');
}

export const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? '' : 's'}`;
