import type { Model } from '../models/wan/model.js';
import { HeldWeights } from '../pipelines/heldWeights.js';
import type { DraftPlan, Plan } from '../pipelines/plan/plan.js';
import { settleMemory } from '../pipelines/plan/planMemory.js';
import { MemoryPromptStore } from '../pipelines/prompts/memoryPromptStore.js';
import { embedPrompts, type PromptStore } from '../pipelines/prompts/promptEmbeddings.js';
import { type GenerateEvent, runPlan } from '../pipelines/stages.js';
import type { Device } from '../tensor/device.js';
import { measureRun, type RunLabel } from './measureRun.js';
import type { RunRecord } from './runRecord.js';

/** A run that is to be made. */
export interface RunTask extends Omit<RunLabel, 'adapter'> {
  readonly draft: DraftPlan;
  /** Equal where two runs take the same memory: they differ in prompt, seed and TokenTrim's numbers alone. */
  readonly memoryKey: string;
}

/** What a maker of runs may be told. */
export interface RunMakerOptions {
  /** Where embedded prompts are kept between processes. */
  readonly promptStore?: PromptStore;
  /** Device memory that a run may take. */
  readonly allowedBytes?: number;
  readonly signal?: AbortSignal;
  /** Sees the events of a run on their way, to keep more of it than numbers. */
  readonly watch?: (events: AsyncGenerator<GenerateEvent>, plan: Plan, task: RunTask) => AsyncGenerator<GenerateEvent>;
}

/**
 * Makes runs one after another on one device: the model is loaded once, prompts are embedded once, and memory is counted
 * once for runs that are alike.
 */
export class RunMaker {
  readonly #prompts = new MemoryPromptStore();
  readonly #held = new HeldWeights();
  readonly #settled = new Map<string, Pick<Plan, 'decode'>>();

  constructor(
    private readonly device: Device,
    private readonly model: Model,
    private readonly options: RunMakerOptions,
  ) {}

  /** Embeds the prompts of all that is to be made, in one pass through the encoder. */
  async embed(tasks: readonly RunTask[]): Promise<void> {
    const [first] = tasks;
    if (!first) return;
    const { signal, promptStore } = this.options;
    const prompts = [...new Set(tasks.map(({ pair }) => pair.prompt))];
    const { types, model } = first.draft;
    const encoder = model.digests.textEncoder;
    const kept = promptStore && layered(this.#prompts, promptStore);
    const store = kept ?? this.#prompts;
    await embedPrompts(this.device, this.model, prompts, { dtype: types.textEncoder, store, encoder, signal });
  }

  /** @throws TokenTrimError where the run does not fit the device, or was stopped */
  async make(task: RunTask): Promise<RunRecord> {
    const { device, model } = this;
    const { signal, watch } = this.options;
    const plan = await this.#settle(task);
    // Where memory is short, pictures come after the rollout, and the DiT makes room for them.
    const held = plan.decode === 'during' ? this.#held : undefined;
    const run = runPlan(device, model, plan, { promptStore: this.#prompts, watch: {}, held, signal });
    const events = watch ? watch(run, plan, task) : run;
    const record = await measureRun(events, device, model, plan, { ...task, adapter: adapterOf(device) });
    signal?.throwIfAborted(); // what ended early is no run
    return record;
  }

  /** Frees the weights. */
  dispose(): void {
    this.#held.free();
  }

  async #settle({ draft, memoryKey }: RunTask): Promise<Plan> {
    const known = this.#settled.get(memoryKey);
    if (known) return { ...draft, ...known };
    const { allowedBytes } = this.options;
    const { plan } = await settleMemory(this.device, this.model, draft, { allowedBytes, watch: {} });
    this.#settled.set(memoryKey, { decode: plan.decode });
    return plan;
  }
}

/** Looks in the first store, then in the second; keeps in both. */
function layered(near: PromptStore, far: PromptStore): PromptStore {
  return {
    async read(key, shape) {
      const found = (await near.read(key, shape)) ?? (await far.read(key, shape));
      if (found) await near.write(key, found, shape);
      return found;
    },
    async write(key, embeds, shape) {
      await near.write(key, embeds, shape);
      return far.write(key, embeds, shape);
    },
  };
}

/** The device, and the forms that were measured to be the fastest: both decide how numbers are rounded. */
function adapterOf({ name, forms: { forced, chosen } }: Device): string {
  const measured = chosen.size > 0 ? `, ${chosen.size} measured forms` : '';
  return `${name}${forced ? `, ${forced} kernels` : measured}`;
}
