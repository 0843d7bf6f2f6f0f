import type { KvCache } from '../../models/wan/kvCache.js';
import type { Device } from '../../tensor/device.js';
import { readHost, uploadHost } from '../../tensor/hostTensor.js';
import { areFinite, blockNotFinite } from '../../tensor/notFinite.js';
import type { CachedBlockEvent, RolloutEvent, SamplingEvent, StepEvent } from '../rollout.js';
import type { Budget } from './budget.js';
import { keepCache } from './cacheRows.js';
import type { RunState, StatefulParts } from './runState.js';
import type { SavedState } from './savedRun.js';

/**
 * A run's events, with its state kept as they come: first those of the blocks that it already has, then its own. What is
 * written is measured, and the next time is as far off as keeps all of it below a hundredth of the run's time; the first block
 * is kept at once. Nothing of the run itself depends on it.
 * @param total blocks of the run, or steps where it has but one
 */
export async function* followRun(
  state: RunState,
  device: Device,
  events: AsyncIterable<RolloutEvent | SamplingEvent>,
  parts: StatefulParts,
  total: number,
): AsyncGenerator<RolloutEvent | SamplingEvent> {
  for await (const { latents: values, seconds, ...saved } of state.blocks.read()) {
    const latents = uploadHost(device, values);
    try {
      yield { kind: 'block', ...saved, latents, restored: seconds };
    } finally {
      latents.dispose();
    }
  }
  const keeper = new Keeper(state, parts, total);
  let pruned: Uint32Array[] = [];
  let began = performance.now();
  for await (const event of events) {
    if (event.kind === 'review' && event.again) pruned.push(Uint32Array.from(event.unstable));
    if (event.kind === 'step' && event.after) await keeper.keepSampling(event, event.after);
    if (event.kind === 'block' && 'cache' in event) {
      const { block, firstFrame, decision } = event;
      const seconds = (performance.now() - began) / 1000;
      const latents = await readHost(event.latents);
      if (!areFinite(latents.values)) throw blockNotFinite(block);
      await state.blocks.add({ block, firstFrame, latents, pruned, decision, seconds });
      if (block >= 0) await keeper.keepRollout(event);
      pruned = [];
      began = performance.now();
    }
    yield event;
  }
}

class Keeper {
  /** For what every block adds, and for the rows of the cache. */
  readonly #each: Budget;
  readonly #rows: Budget;
  #made = 0;
  #firstAt = 0; // when the first block was done
  #before: { readonly generation: number; readonly state: SavedState } | undefined;

  constructor(
    private readonly state: RunState,
    private readonly parts: StatefulParts,
    private readonly total: number,
  ) {
    const { saved, generation } = state;
    this.#before = saved && { generation: generation.read, state: saved };
    this.#each = state.newBudget();
    this.#rows = state.newBudget();
  }

  /** Whether the run takes as long as makes its state worth while, by its blocks after the first, for which drivers compile. */
  #isWanted(): boolean {
    const { leastSeconds } = this.state.keeping;
    if (leastSeconds === 0 || this.#before) return true;
    const now = performance.now();
    const done = this.#made++;
    if (done === 0) this.#firstAt = now;
    return done > 0 && ((now - this.#firstAt) / 1000 / done) * this.total >= leastSeconds;
  }

  async keepRollout({ block, cache, flight = [] }: CachedBlockEvent): Promise<void> {
    if (!this.#isWanted()) return;
    if (this.#rows.isDue) await this.#rows.spend(() => this.#keepRows(cache));
    if (!this.#each.isDue) return;
    await this.#each.spend(async () => {
      const flying = [];
      for (const { latents, clean, ...held } of flight) {
        flying.push({ ...held, latents: await readHost(latents), ...(clean ? { clean: await readHost(clean) } : {}) });
      }
      await this.#keep({ next: block + 1, flight: flying, sampling: null });
    });
  }

  async keepSampling({ step }: StepEvent, { latents, kept }: NonNullable<StepEvent['after']>): Promise<void> {
    if (!this.#isWanted() || !this.#each.isDue) return;
    await this.#each.spend(async () => {
      const held = [];
      for (const tensor of kept) held.push(tensor ? await readHost(tensor) : null);
      const sampling = { step: step + 1, latents: await readHost(latents), kept: held };
      await this.#keep({ next: 0, flight: [], sampling });
    });
  }

  async #keepRows(cache: KvCache): Promise<void> {
    const { store, blocks, keptCache } = this.state;
    this.state.keptCache = await keepCache(store, cache, blocks.count, keptCache);
  }

  async #keep(place: Pick<SavedState, 'next' | 'flight' | 'sampling'>): Promise<void> {
    const { blocks } = this.state;
    await blocks.flush();
    const { noise, policy } = this.parts;
    const state: SavedState = {
      ...place,
      blocks: { count: blocks.count, bytes: blocks.bytes },
      noise: noise.save?.() ?? null,
      policy: (await policy?.save?.()) ?? null,
      cache: this.state.keptCache,
    };
    this.#before = { generation: await this.state.keep(state, this.#before), state };
  }
}
