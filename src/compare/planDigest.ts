import type { DraftPlan } from '../pipelines/plan/plan.js';
import { sha256 } from '../weights/digestSource.js';
import { RECORD_VERSION } from './runRecord.js';

/**
 * What a run's numbers follow from: all of its plan but where the model was found and when pictures are made, and the
 * version of what is recorded. A policy's rule or a measure's formula that changes must change `RECORD_VERSION`.
 */
export async function planDigest({ decode: _, ...plan }: DraftPlan): Promise<string> {
  const { source: __, ...model } = plan.model;
  return sha256(JSON.stringify([RECORD_VERSION, { ...plan, model }]));
}
