import type { ReportedArm } from '../compare/buildReport.js';
import type { Pair } from '../compare/pairs.js';
import { planDigest } from '../compare/planDigest.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import type { DraftPlan, Preset } from '../pipelines/plan/plan.js';
import { planRun } from '../pipelines/plan/planRun.js';
import { type Arm, armFlags } from './arms.js';
import { choices, requestOf } from './prepareRun.js';
import { asUsage, ensureUsage } from './usageError.js';

/** An arm with one method, decided but for the prompt and the seed. */
export interface PlannedArm {
  readonly arm: Arm;
  readonly preset: Preset;
  readonly draft: DraftPlan;
}

/** What stands where a pair's prompt and seed go. */
const STAND_IN = { prompt: 'any', seed: '0' };

/**
 * Every arm with every method.
 * @param shared options that all of them have
 * @throws UsageError where two would be the same run, or the videos of two could not be compared
 */
export async function planArms(
  folder: ModelFolder,
  arms: readonly Arm[],
  presets: readonly Preset[],
  shared: Readonly<Record<string, unknown>>,
): Promise<PlannedArm[]> {
  const planned: PlannedArm[] = [];
  for (const preset of presets) {
    const known = new Map<string, string>();
    for (const arm of arms) {
      const flags = { ...(await armFlags(arm, preset, shared)), seed: STAND_IN.seed };
      const request = { ...requestOf(folder, flags), ...choices(STAND_IN.prompt, flags) };
      const draft = await asUsage(() => planRun(folder, request));
      const digest = await planDigest(draft);
      const other = known.get(digest);
      ensureUsage(
        other === undefined,
        `the arms ${other} and ${arm.name} are the same run with --preset ${preset}: leave one of them out`,
      );
      known.set(digest, arm.name);
      planned.push({ arm, preset, draft });
    }
  }
  return planned;
}

/** The arms as a report has them: with which methods one differs from the first in its policy alone. */
export function reportedArms(planned: readonly PlannedArm[]): ReportedArm[] {
  const arms = new Map(planned.map(({ arm }) => [arm.name, arm]));
  const withoutPolicy = ({ draft: { trim: _, ...rest } }: PlannedArm) => JSON.stringify(rest);
  return Array.from(arms.values(), ({ name, options }) => {
    const own = planned.filter(({ arm }) => arm.name === name);
    const isEqual = (each: PlannedArm) => {
      const baseline = planned.find(({ preset }) => preset === each.preset) as PlannedArm; // the first arm
      return withoutPolicy(each) === withoutPolicy(baseline);
    };
    return { name, options, equalAtFirst: own.filter(isEqual).map(({ preset }) => preset) };
  });
}

/** The plan of an arm for a prompt and a seed. */
export function planOfPair({ draft }: PlannedArm, { prompt, seed }: Pair): DraftPlan {
  return { ...draft, prompts: [{ prompt, pixelFrame: 0, firstFrame: 0 }], noise: { seed } };
}
