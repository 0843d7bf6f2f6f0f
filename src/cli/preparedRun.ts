import type { ModelFolder } from '../node/model/modelFolder.js';
import type { Plan } from '../pipelines/plan/plan.js';
import type { MemoryPlan } from '../pipelines/plan/planMemory.js';
import type { RunInputs } from '../pipelines/plan/request.js';
import type { Device } from '../tensor/device.js';
import type { TensorSource } from '../weights/tensorSource.js';
import type { GenerateFlags } from './generateFlags.js';
import type { PromptReport } from './promptReport.js';
import type { Resume } from './runResume.js';

/** All that a run reads, opened and checked, and its plan; nothing is written or computed yet. */
export interface PreparedRun {
  /** The options as the plan of `--plan` has them, where there is one. */
  readonly flags: GenerateFlags;
  readonly folder: ModelFolder;
  readonly device: Device;
  readonly plan: Plan;
  readonly memory: MemoryPlan;
  /** What the run needs beside its plan, but for its noise. */
  readonly inputs: RunInputs;
  readonly prompts: PromptReport;
  /** The prompt, or the text of those over time. */
  readonly promptText: string;
  /** What the user should know before it runs. */
  readonly notes: readonly string[];
  /** The file of `--noise`. */
  readonly recording: TensorSource | undefined;
  /** Where its state is kept; absent where it keeps none. */
  readonly resume: Resume | undefined;
  close(): Promise<void>;
}
