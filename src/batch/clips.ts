import { vbenchNames } from '../measures/vbenchName.js';
import { digestPlan } from '../pipelines/plan/digestPlan.js';
import type { DraftPlan } from '../pipelines/plan/plan.js';
import { sha256 } from '../weights/digestSource.js';

/** A video of a batch. */
export interface Clip {
  /** Its file, as VBench's scripts look for it (`vbenchNames`). */
  readonly file: string;
  readonly prompt: string;
  /** In digits. */
  readonly seed: string;
  /** Of the seed in the list of seeds, from 0. */
  readonly index: number;
  /** Of its plan (`digestPlan`). */
  readonly digest: string;
}

/** A clip with its plan, and the name that workers claim it by. */
export interface PlannedClip extends Clip {
  readonly draft: DraftPlan;
  readonly key: string;
}

/** Prompts without those that stand there before, and without what surrounds them. */
export function distinctPrompts(prompts: readonly string[]): string[] {
  return [...new Set(prompts.map((prompt) => prompt.trim()))];
}

/**
 * Every prompt with every seed, the seeds of a prompt next to each other.
 * @param draft the plan that all have in common but for the prompt and the seed
 */
export async function planClips(
  draft: DraftPlan,
  prompts: readonly string[],
  seeds: readonly string[],
): Promise<PlannedClip[]> {
  const files = vbenchNames(prompts, [...seeds.keys()]);
  const clips: PlannedClip[] = [];
  for (const [at, prompt] of prompts.entries()) {
    for (const [index, seed] of seeds.entries()) {
      const own = { ...draft, prompts: [{ prompt, pixelFrame: 0, firstFrame: 0 }], noise: { seed } };
      const file = files[at][index];
      clips.push({ file, prompt, seed, index, digest: await digestPlan(own), draft: own, key: await clipKey(file) });
    }
  }
  return clips;
}

/** A short name for a file that may be long, the same on every machine. */
export async function clipKey(file: string): Promise<string> {
  return (await sha256(file)).slice(0, 32);
}

/** The file of a clip without its ending. */
export const clipStem = (file: string): string => file.replace(/\.mp4$/, '');
