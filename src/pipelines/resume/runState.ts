import { ensure, TokenTrimError } from '../../errors.js';
import { recordForms, useForms } from '../../kernels/forms/recordedForms.js';
import { concatFrames } from '../../kernels/layout/frames.js';
import type { KvCache } from '../../models/wan/kvCache.js';
import type { Device } from '../../tensor/device.js';
import { uploadHost } from '../../tensor/hostTensor.js';
import { disposeAll } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import { acceptAll } from '../../tokentrim/policy.js';
import type { Plan } from '../plan/plan.js';
import { BlockFile } from './blockFile.js';
import { Budget } from './budget.js';
import { fillCache } from './cacheRows.js';
import { planDifferences } from './planDifferences.js';
import type { RolloutStart, SamplingStart } from './rolloutStart.js';
import {
  rewritten,
  type SavedCache,
  type SavedRun,
  type SavedState,
  savedRunSchema,
  savedStateSchema,
} from './savedRun.js';
import { areStateData, packData, readData } from './stateData.js';
import type { StateStore } from './stateStore.js';
import { changedSince, ensureStateful, type StatefulParts } from './takeUp.js';

export type { StatefulParts } from './takeUp.js';

const [RUN, NOTE] = ['run', 'note'];
const STATE = /^state-(\d{1,12})$/;

/** A hundredth. */
const SHARE = 0.01;

/** How a state is kept. */
export interface RunStateOptions {
  /** What the caller wants to know again in a run that goes on from this one's state, such as a command line: plain data. */
  readonly command?: unknown;
  /** The most of a run's time that goes into its state, but for the first block's; a hundredth where absent. */
  readonly share?: number;
  /** Keeps nothing of a run that will take less, as its first blocks show; 0 where absent. */
  readonly leastSeconds?: number;
}

/**
 * The state of a run that is to survive its process: what an earlier process kept, and where this one keeps its own. Give it
 * to `runPlan` or `generate` as `state`: the run goes on where the state ends, or begins where there is none.
 */
export class RunState {
  /** The number in the name of the newest state file; the next is one more. */
  #generation: number;
  /** What a new run is, until its first state is kept. */
  #unwritten: (() => SavedRun) | undefined;

  private constructor(
    readonly store: StateStore,
    /** The run that was begun; undefined where none was. */
    readonly run: SavedRun | undefined,
    /** Where it is; undefined where no block was finished. */
    readonly saved: SavedState | undefined,
    readonly blocks: BlockFile,
    /** What `keepNote` kept last. */
    readonly note: unknown,
    /** Of the run that was begun, or that begins. */
    readonly command: unknown,
    /** The generation that was read, and the newest that there is. */
    readonly generation: { readonly read: number; readonly newest: number },
    readonly keeping: Required<Pick<RunStateOptions, 'share' | 'leastSeconds'>>,
  ) {
    this.#generation = generation.newest;
    this.keptCache = saved?.cache ?? null;
  }

  readonly #budgets: Budget[] = [];
  #noting: Budget | undefined;

  /** Pictures that the caller has, of those that are shown: the run makes the others. */
  pictures = 0;

  /** The rows that are whole. */
  keptCache: SavedCache | null;

  /**
   * Reads what is there. A state whose writing was cut off, or that is damaged, gives way to the one before
   * it, and the first of all to the beginning of the run; so does all of it where the file that says what the run is is cut.
   * @param options.command for `SavedRun.command` where the run is a new one
   * @throws TokenTrimError where there are files that are none of a state, or of a version that is not known
   */
  static async open(store: StateStore, options: RunStateOptions = {}): Promise<RunState> {
    const { command = null } = options;
    const keeping = { share: options.share ?? SHARE, leastSeconds: options.leastSeconds ?? 0 };
    const names = await store.names();
    const named = names.includes(RUN) ? await readData(store, RUN) : undefined;
    const run = savedRunSchema.safeParse(named).data;
    const found = names.flatMap((name) => STATE.exec(name)?.slice(1).map(Number) ?? []).sort((a, b) => b - a);
    ensure(
      run || (named === undefined && (await areStateData(store, names))),
      `${store.label}: this is not the state of a run that this version knows: name another folder, or remove this one`,
    );
    const note = await readData(store, NOTE);
    for (const generation of run ? found : []) {
      const saved = savedStateSchema.safeParse(await readData(store, `state-${generation}`)).data;
      const blocks = saved && (await BlockFile.open(store, saved.blocks.count, saved.blocks.bytes));
      if (blocks) {
        const generations = { read: generation, newest: found[0] };
        return new RunState(store, run, saved, blocks, note, run?.command, generations, keeping);
      }
    }
    const none = { read: 0, newest: found[0] ?? 0 };
    return new RunState(
      store,
      run,
      undefined,
      BlockFile.empty(store),
      note,
      run ? run.command : command,
      none,
      keeping,
    );
  }

  /**
   * Takes a run up: as a new one, or the one that was begun, whose noise and policy it puts back.
   * @returns what the user should know
   * @throws TokenTrimError where this is another run, or one that cannot be gone on with
   */
  async begin(device: Device, plan: Plan, { noise, policy }: StatefulParts): Promise<string[]> {
    const { label } = this.store;
    ensureStateful(label, { noise, policy });
    const adapter = { name: device.name, driver: device.forms.adapter?.driver ?? '' };
    const isDamaged = !this.saved && this.generation.newest > 0;
    const begun = isDamaged
      ? [`note: ${label}: what there is of this run's state is damaged: the run begins again`]
      : [];
    if (!this.run) {
      const { command } = this;
      // At its first block: all the forms that it uses are known by then.
      this.#unwritten = () => ({ version: 1, plan, adapter, forms: recordForms(device), command });
      return begun;
    }
    const different = planDifferences(this.run.plan, plan);
    ensure(
      different.length === 0,
      () => `${label}: this is the state of another run: ${different.join('; ')}. Run that one, or name another folder`,
    );
    await useForms(device, this.run.forms);
    if (this.saved) {
      try {
        await noise.restore?.(this.saved.noise);
        if (policy !== acceptAll) policy?.restore?.(this.saved.policy);
      } catch (cause) {
        throw new TokenTrimError(`${label}: the state of this run is damaged: remove the folder to begin it again`, {
          cause,
        });
      }
    }
    return [...begun, ...changedSince(this.run, adapter)];
  }

  /** The latents that the video begins with, where the run had encoded them. */
  async givenLatents(device: Device): Promise<Tensor | undefined> {
    const parts: Tensor[] = [];
    for await (const { block, latents } of this.blocks.read()) {
      if (block >= 0) break;
      parts.push(uploadHost(device, latents));
    }
    if (parts.length === 0) return undefined;
    const joined = concatFrames(parts);
    disposeAll(parts);
    return joined;
  }

  /** Where a rollout in blocks goes on. */
  get start(): RolloutStart | undefined {
    const { saved, blocks, store } = this;
    if (!saved || saved.sampling) return undefined;
    let written = 0; // blocks that are in the cache
    return {
      next: saved.next,
      flight: saved.flight,
      fill: async (cache: KvCache) => {
        if (this.keptCache && !(await fillCache(store, cache, this.keptCache))) this.keptCache = null;
        written = this.keptCache?.blocks ?? 0;
      },
      rewritten: {
        async *[Symbol.asyncIterator]() {
          for await (const block of blocks.read(written)) yield rewritten(block);
        },
      },
    };
  }

  /** Where the sampling of a whole video goes on. */
  get samplingStart(): SamplingStart | undefined {
    const sampling = this.saved?.sampling;
    return sampling ? { ...sampling, kept: sampling.kept.map((kept) => kept ?? undefined) } : undefined;
  }

  /** Whether there is a state to go on from. */
  get isKept(): boolean {
    return this.saved !== undefined || this.#generation > this.generation.newest;
  }

  /** Time for one of the three things that are written: blocks, the cache's rows, the caller's note. */
  newBudget(): Budget {
    const budget = new Budget(this.keeping.share / 3);
    this.#budgets.push(budget);
    return budget;
  }

  /** Seconds that went into the state so far. */
  get seconds(): number {
    return this.#budgets.reduce((sum, { seconds }) => sum + seconds, 0);
  }

  /**
   * Replaces the caller's own small piece of data, where there is a state and time for it.
   * @param isLast whether it is written in any case: there will be no other
   */
  async keepNote(make: () => Promise<unknown>, isLast = false): Promise<void> {
    this.#noting ??= this.newBudget();
    if (!this.isKept || !(isLast || this.#noting.isDue)) return;
    await this.#noting.spend(async () => this.store.write(NOTE, await packData(await make())));
  }

  /** Writes the next state, and removes those before the last two with the rows that only they had. */
  async keep(
    state: SavedState,
    before: { readonly generation: number; readonly state: SavedState } | undefined,
  ): Promise<number> {
    if (this.#unwritten) await this.store.write(RUN, await packData(this.#unwritten()));
    this.#unwritten = undefined;
    const generation = ++this.#generation;
    await this.store.write(`state-${generation}`, await packData(state));
    const stay = [{ generation, state }, ...(before ? [before] : [])];
    const names = new Set([
      ...[RUN, NOTE, 'blocks'],
      ...stay.flatMap((kept) => [
        `state-${kept.generation}`,
        ...(kept.state.cache?.frames.map(({ rows }) => rows) ?? []),
      ]),
    ]);
    for (const name of await this.store.names()) if (!names.has(name)) await this.store.remove(name);
    return generation;
  }
}
