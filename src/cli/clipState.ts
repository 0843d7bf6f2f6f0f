import { TokenTrimError } from '../errors.js';
import { LazyStateFolder } from '../node/resume/lazyStateFolder.js';
import { parsePlan } from '../pipelines/plan/parsePlan.js';
import type { Plan } from '../pipelines/plan/plan.js';
import { planDifferences } from '../pipelines/resume/planDifferences.js';
import { RunState } from '../pipelines/resume/runState.js';
import { changedSince } from '../pipelines/resume/takeUp.js';
import type { Device } from '../tensor/device.js';

/** The state of a clip's run in a batch. */
export interface ClipState {
  readonly folder: LazyStateFolder;
  readonly state: RunState;
}

/**
 * Opens the state of a clip's run. One that was begun with another plan or version, or on another adapter, gives way: a clip
 * is to be one run's, to the bit.
 * @param leastSeconds runs that take less keep none
 * @returns undefined where what is there cannot be read, and the clip is made without
 */
export async function openClipState(
  path: string,
  plan: Plan,
  device: Device,
  leastSeconds: number,
): Promise<ClipState | undefined> {
  let folder: LazyStateFolder | undefined;
  try {
    folder = await LazyStateFolder.open(path);
    const state = await RunState.open(folder, { leastSeconds });
    if (!state.run || isRunOf(state.run, path, plan, device)) return { folder, state };
    await folder.discard();
    return { folder, state: await RunState.open(folder, { leastSeconds }) };
  } catch (error) {
    await folder?.close();
    if (!(error instanceof TokenTrimError)) throw error;
    return undefined;
  }
}

function isRunOf(run: NonNullable<RunState['run']>, path: string, plan: Plan, { name, forms }: Device): boolean {
  const now = { name, driver: forms.adapter?.driver ?? '' };
  return changedSince(run, now).length === 0 && planDifferences(parsePlan(run.plan, path), plan).length === 0;
}
