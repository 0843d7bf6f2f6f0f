import { PROGRAM } from '../version.js';
import { resultOf } from './armResult.js';
import { BOOTSTRAP_DEFAULTS, Bootstrap } from './bootstrap.js';
import { COMPARISON_VERSION, type ComparisonReport, type ReportedRun } from './comparisonReport.js';
import { contrastOf } from './contrast.js';
import { equalUntilTrigger } from './equalUntilTrigger.js';
import { type MeasuredRun, measuredRun } from './measuredRun.js';
import { measureInfos } from './measureInfos.js';
import type { RunRecord } from './runRecord.js';

/** An arm of a comparison as the report knows it. */
export interface ReportedArm {
  readonly name: string;
  readonly options: string;
  /** Presets with which it differs from the baseline in its policy alone: until that steps in, both are the same run. */
  readonly equalAtFirst: readonly string[];
}

/** What is reported. */
export interface ComparisonData {
  readonly presets: readonly string[];
  /** The first is the baseline. */
  readonly arms: readonly ReportedArm[];
  readonly records: readonly RunRecord[];
  /** What was kept of a run. */
  readonly keptOf?: (record: RunRecord) => Pick<ReportedRun, 'trace' | 'video'>;
}

/** With fewer prompts than this nothing can be said of prompts in general, and what is drawn are pairs. */
const LEAST_PROMPTS = 10;

/** Beside the baseline, what an arm is held against where both are there: the controls of its own intervention. */
const CONTROLS: readonly (readonly [arm: string, against: string])[] = [
  ['tokentrim', 'placebo'],
  ['tokentrim', 'regenerate'],
  ['adaptive', 'tokentrim'],
  ['full', 'flowmo'],
];

/** Levels, curves and paired differences of the runs that are there. */
export function buildReport({ presets, arms, records, keptOf }: ComparisonData): ComparisonReport {
  const [baseline] = arms.map(({ name }) => name);
  const prompts = [...new Set(records.map(({ prompt }) => prompt))];
  const unit = prompts.length >= LEAST_PROMPTS ? ('prompts' as const) : ('pairs' as const);
  const runs = records.map(measuredRun);
  const of = (preset: string, arm: string) =>
    runs.filter(({ record }) => record.preset === preset && record.arm === arm);
  const bootstraps = new Map<string, Bootstrap>();
  /** One resampling for all values of the same pairs. */
  const bootstrapOf = (some: readonly MeasuredRun[]): Bootstrap => {
    const groups = some.map(({ record }) => (unit === 'prompts' ? record.prompt : record.pair));
    const key = JSON.stringify(groups);
    const made = bootstraps.get(key) ?? new Bootstrap(groups);
    bootstraps.set(key, made);
    return made;
  };
  const names = arms.map(({ name }) => name);
  const wanted = [
    ...names.slice(1).map((arm) => [arm, baseline] as const),
    ...CONTROLS.filter(([arm, against]) => names.includes(arm) && names.includes(against) && against !== baseline),
  ];
  const inAll = <Result>(make: (preset: string) => readonly Result[]) => presets.flatMap(make);
  return {
    version: COMPARISON_VERSION,
    program: PROGRAM,
    adapters: [...new Set(records.map(({ adapter }) => adapter))],
    baseline,
    presets,
    arms: arms.map(({ name, options }) => ({ name, options })),
    prompts,
    seeds: [...new Set(records.map(({ seed }) => seed))],
    video: videoOf(records),
    bootstrap: { ...BOOTSTRAP_DEFAULTS, method: 'BCa', unit },
    measures: measureInfos(runs),
    results: inAll((preset) => names.map((arm) => resultOf(preset, arm, of(preset, arm), bootstrapOf))),
    contrasts: inAll((preset) =>
      wanted.map(([arm, against]) =>
        contrastOf(preset, of(preset, arm), of(preset, against), { arm, against }, bootstrapOf),
      ),
    ),
    runs: records.map((record) => ({ ...runOf(record), ...keptOf?.(record) })),
    unequal: inAll((preset) =>
      arms
        .slice(1)
        .filter(({ equalAtFirst }) => equalAtFirst.includes(preset))
        .flatMap(({ name }) => equalUntilTrigger(of(preset, name), of(preset, baseline))),
    ),
  };
}

function runOf({ preset, arm, pair, prompt, seed, blocks }: RunRecord): ReportedRun {
  return { preset, arm, pair, prompt, seed, interventions: blocks.filter(({ attempts }) => attempts > 1).length };
}

function videoOf([first]: readonly RunRecord[]): ComparisonReport['video'] {
  const { frames, fps } = first ?? { frames: 0, fps: 1 };
  return { frames, fps, seconds: frames / fps };
}
