import type { KvCache } from '../../models/wan/kvCache.js';
import { type HostTensor, uploadHost } from '../../tensor/hostTensor.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { PlannedBlock } from '../plan/grid.js';

/** Where a rollout goes on that was begun in another process. */
export interface RolloutStart {
  /** The first block that is still to be made. */
  readonly next: number;
  /** Brings a new cache to where it was when its rows were last kept; it stays empty where they never were. */
  fill(cache: KvCache): Promise<void>;
  /** The blocks that were written into it since, in order: their keys and values are computed again. */
  readonly rewritten: AsyncIterable<RewrittenBlock>;
  /** Of Rolling Forcing: the blocks between two steps. */
  readonly flight: readonly FlyingBlock<HostTensor>[];
}

/** A finished block, and what was pruned from the cache before it was. */
export interface RewrittenBlock extends PlannedBlock {
  /** [frames, channels, height, width]. */
  readonly latents: HostTensor;
  /** Spatial indices, a list for each time. */
  readonly pruned: readonly (readonly number[])[];
}

/** A block of a rolling window between two steps. */
export interface FlyingBlock<Held = Tensor> {
  readonly block: number;
  /** At the noise of its next step, [frames, channels, height, width]. */
  readonly latents: Held;
  /** What noise was put on, and the timestep of that noise; absent for initial noise. */
  readonly clean?: Held | undefined;
  readonly timestep?: number | undefined;
}

/** Where the sampling of a whole video goes on. */
export interface SamplingStart {
  /** The first step that is still to be made. */
  readonly step: number;
  /** What it is fed, [frames, channels, height, width]. */
  readonly latents: HostTensor;
  /** What the solver keeps (`Solver.kept`). */
  readonly kept: readonly (HostTensor | undefined)[];
}

/**
 * Brings a new cache to where a rollout goes on. Clean keys and values depend on all that was cached before them and was not
 * pruned by then, so blocks are written in their order, each over the cache as it was.
 * @param write makes the call that writes a clean block's keys and values
 */
export async function refillCache(
  cache: KvCache,
  from: RolloutStart | undefined,
  write: (latents: Tensor, planned: PlannedBlock) => void,
): Promise<void> {
  if (!from) return;
  await from.fill(cache);
  for await (const planned of from.rewritten) {
    cache.reserve(planned.firstFrame, planned.frames);
    for (const tokens of planned.pruned) cache.prune(tokens, planned.firstFrame);
    const latents = uploadHost(cache.device, planned.latents);
    write(latents, planned);
    await cache.device.synchronize();
    latents.dispose();
  }
}
