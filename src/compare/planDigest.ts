import { MEASURES_VERSION } from '../measures/videoMeasures.js';
import type { DraftPlan } from '../pipelines/plan/plan.js';
import { sha256 } from '../weights/digestSource.js';
import { RECORD_VERSION } from './runRecord.js';

/**
 * What a run's numbers follow from: all of its plan but where the model was found and when pictures are made, and the
 * versions of what is recorded and measured. A policy's rule that changes must change `RECORD_VERSION`.
 */
export async function planDigest({ decode: _, ...plan }: DraftPlan): Promise<string> {
  const { source: __, ...model } = plan.model;
  return sha256(JSON.stringify([RECORD_VERSION, MEASURES_VERSION, { ...plan, model }]));
}
