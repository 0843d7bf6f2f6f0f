import type { Model } from '../models/wan/model.js';
import type { StopSignal } from '../options/stopSignal.js';
import type { Device } from '../tensor/device.js';
import { TOKENTRIM_DEFAULTS } from '../tokentrim/trimOptions.js';
import { HeldWeights } from './heldWeights.js';
import type { DraftPlan, Plan } from './plan/plan.js';
import { settleMemory } from './plan/planMemory.js';
import type { RunInputs } from './plan/request.js';
import { MemoryPromptStore } from './prompts/memoryPromptStore.js';
import { embedPrompts, type PromptStore } from './prompts/promptEmbeddings.js';
import type { RunState } from './resume/runState.js';
import { type GenerateEvent, runPlan } from './stages.js';

/** A thousand prompts of Wan2.1, of thirty tokens each, are half of this. */
const PROMPT_BYTES = 2 ** 30;

/** What a series of runs may be told. */
export interface PlanSeriesOptions {
  /** Where embedded prompts are kept between processes. */
  readonly promptStore?: PromptStore;
  /** Device memory that a run may take. */
  readonly allowedBytes?: number;
  /** Whether runs measure what a policy would see also where none is asked (`RunInputs.watch`). */
  readonly isWatched?: boolean;
  readonly signal?: StopSignal;
}

/**
 * Runs plans one after another on one device: the model is loaded once, prompts are embedded once, and memory is counted
 * once for runs that are alike.
 */
export class PlanSeries {
  readonly #prompts: PromptStore;
  readonly #held = new HeldWeights();
  readonly #settled = new Map<string, Pick<Plan, 'decode'>>();

  constructor(
    private readonly device: Device,
    private readonly model: Model,
    private readonly options: PlanSeriesOptions = {},
  ) {
    const near = new MemoryPromptStore(PROMPT_BYTES);
    this.#prompts = options.promptStore ? layered(near, options.promptStore) : near;
  }

  /** The device, and the forms that were measured to be the fastest: both decide how numbers are rounded. */
  get adapter(): string {
    const { name, forms } = this.device;
    const measured = forms.chosen.size > 0 ? `, ${forms.chosen.size} measured forms` : '';
    return `${name}${forms.forced ? `, ${forms.forced} kernels` : measured}`;
  }

  /** Embeds the prompts of all that is to be run, in one pass through the encoder. */
  async embed(drafts: readonly DraftPlan[]): Promise<void> {
    const { signal } = this.options;
    for (const dtype of new Set(drafts.map(({ types }) => types.textEncoder))) {
      const alike = drafts.filter(({ types }) => types.textEncoder === dtype);
      const encoder = alike[0].model.digests.textEncoder;
      const texts = alike.flatMap(({ prompts, negativePrompt }) => [
        ...prompts.map(({ prompt }) => prompt),
        ...(negativePrompt === undefined ? [] : [negativePrompt]),
      ]);
      await embedPrompts(this.device, this.model, [...new Set(texts)], {
        ...{ dtype, encoder, signal },
        store: this.#prompts,
      });
    }
  }

  /**
   * Decides when pictures are made.
   * @throws TokenTrimError where the run does not fit the device
   */
  async settle(draft: DraftPlan): Promise<Plan> {
    const key = memoryKey(draft);
    const known = this.#settled.get(key);
    if (known) return { ...draft, ...known };
    const { allowedBytes } = this.options;
    const { plan } = await settleMemory(this.device, this.model, draft, { allowedBytes, watch: this.#watch });
    this.#settled.set(key, { decode: plan.decode });
    return plan;
  }

  /**
   * Runs a plan; where it was stopped, its events end early.
   * @param state where its state is kept, from which it goes on
   */
  run(plan: Plan, state?: RunState): AsyncGenerator<GenerateEvent> {
    // Where memory is short, pictures come after the rollout, and the DiT makes room for them.
    const held = plan.decode === 'during' ? this.#held : undefined;
    const inputs = { promptStore: this.#prompts, watch: this.#watch, held, state, signal: this.options.signal };
    return runPlan(this.device, this.model, plan, inputs);
  }

  /** Frees the weights. */
  dispose(): void {
    this.#held.free();
  }

  get #watch(): RunInputs['watch'] {
    return this.options.isWatched ? {} : undefined;
  }
}

/** Equal where two runs take the same memory: they differ in words, seed and a policy's numbers alone. */
function memoryKey({ prompts, noise: _, trim, ...rest }: DraftPlan): string {
  const check = typeof trim === 'object' ? trim.check : TOKENTRIM_DEFAULTS.check; // a baseline may be watched
  const policy = trim === false ? 'none' : 'asked';
  return JSON.stringify([rest, check, policy, prompts.map(({ firstFrame }) => firstFrame)]);
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
