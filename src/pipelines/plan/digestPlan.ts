import { sha256 } from '../../weights/digestSource.js';
import type { DraftPlan } from './plan.js';

/**
 * What a video follows from: all of its plan but where the model was found and when pictures are made.
 * @param versions of what else it stands for
 */
export async function digestPlan({ decode: _, ...plan }: DraftPlan, ...versions: readonly number[]): Promise<string> {
  const { source: __, ...model } = plan.model;
  return sha256(JSON.stringify([...versions, { ...plan, model }]));
}
