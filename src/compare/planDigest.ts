import { MEASURES_VERSION } from '../measures/videoMeasures.js';
import { digestPlan } from '../pipelines/plan/digestPlan.js';
import type { DraftPlan } from '../pipelines/plan/plan.js';
import { RECORD_VERSION } from './runRecord.js';

/**
 * What a run's numbers follow from: its video (`digestPlan`), and the versions of what is recorded and measured. A policy's
 * rule that changes must change `RECORD_VERSION`.
 */
export const planDigest = (plan: DraftPlan): Promise<string> => digestPlan(plan, RECORD_VERSION, MEASURES_VERSION);
