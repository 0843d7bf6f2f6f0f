import type { Model } from '../models/wan/model.js';
import type { DraftPlan, Plan } from '../pipelines/plan/plan.js';
import { PlanSeries, type PlanSeriesOptions } from '../pipelines/planSeries.js';
import type { GenerateEvent } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import { measureRun, type RunLabel } from './measureRun.js';
import type { RunRecord } from './runRecord.js';

/** A run that is to be made. */
export interface RunTask extends Omit<RunLabel, 'adapter'> {
  readonly draft: DraftPlan;
}

/** What a maker of runs may be told. */
export interface RunMakerOptions extends Omit<PlanSeriesOptions, 'isWatched'> {
  /** Sees the events of a run on their way, to keep more of it than numbers. */
  readonly watch?: (events: AsyncGenerator<GenerateEvent>, plan: Plan, task: RunTask) => AsyncGenerator<GenerateEvent>;
}

/** Makes and measures runs one after another on one device. */
export class RunMaker {
  readonly #series: PlanSeries;

  constructor(
    private readonly device: Device,
    private readonly model: Model,
    private readonly options: RunMakerOptions,
  ) {
    this.#series = new PlanSeries(device, model, { ...options, isWatched: true });
  }

  /** Embeds the prompts of all that is to be made, in one pass through the encoder. */
  embed(tasks: readonly RunTask[]): Promise<void> {
    return this.#series.embed(tasks.map(({ draft }) => draft));
  }

  /** @throws TokenTrimError where the run does not fit the device, or was stopped */
  async make(task: RunTask): Promise<RunRecord> {
    const { signal, watch } = this.options;
    const plan = await this.#series.settle(task.draft);
    const run = this.#series.run(plan);
    const events = watch ? watch(run, plan, task) : run;
    const record = await measureRun(events, this.device, this.model, plan, {
      ...task,
      adapter: this.#series.adapter,
    });
    signal?.throwIfAborted(); // what ended early is no run
    return record;
  }

  /** Frees the weights. */
  dispose(): void {
    this.#series.dispose();
  }
}
