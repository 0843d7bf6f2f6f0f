import * as z from 'zod';
import { type RecordedForms, recordedFormsSchema } from '../../kernels/forms/recordedForms.js';
import { type HostTensor, hostTensorSchema } from '../../tensor/hostTensor.js';
import { type Decision, decisionSchema } from '../../tokentrim/policy.js';
import type { Plan } from '../plan/plan.js';
import type { FlyingBlock, RewrittenBlock } from './rolloutStart.js';

// The files of a state, each packed by `packData`. What is read back may be anything, so each has a schema.

const count = z.int().nonnegative();
const indices = z.instanceof(Uint32Array);

/** `run`: what a run is, written once. */
export interface SavedRun {
  /** Goes up when an older program could not go on from what this one wrote. */
  readonly version: 1;
  readonly plan: Plan;
  /** Whose rounding the run has. */
  readonly adapter: { readonly name: string; readonly driver: string };
  /** Forms of kernels round differently: those of the run are its own, whatever a new trial would choose. */
  readonly forms: RecordedForms;
  /** What who runs it wants to know again, such as a command line. */
  readonly command: unknown;
}

/** @internal */
export const savedRunSchema: z.ZodType<SavedRun> = z.strictObject({
  version: z.literal(1),
  plan: z.record(z.string(), z.unknown()) as unknown as z.ZodType<Plan>, // the caller parses it, or compares it with its own
  adapter: z.strictObject({ name: z.string(), driver: z.string() }),
  forms: recordedFormsSchema,
  command: z.unknown(),
});

/** `blocks`: one after the other, every block that joined the video. */
export interface SavedBlock {
  /** -1 for one that was given. */
  readonly block: number;
  readonly firstFrame: number;
  /** [frames, channels, height, width]. */
  readonly latents: HostTensor;
  /** What was pruned before it was accepted, a list for each time. */
  readonly pruned: readonly Uint32Array[];
  /** Null for one that was given. */
  readonly decision: Decision | null;
  /** Time it took. */
  readonly seconds: number;
}

/** @internal */
export const savedBlockSchema: z.ZodType<SavedBlock> = z.strictObject({
  block: z.int().min(-1),
  firstFrame: count,
  latents: hostTensorSchema.refine(({ shape, dtype }) => shape.length === 4 && dtype === 'f32'),
  pruned: z.array(indices),
  decision: decisionSchema.nullable(),
  seconds: z.number().nonnegative(),
});

/** A block as the cache is filled with it again. */
export function rewritten({ block, firstFrame, latents, pruned }: SavedBlock): RewrittenBlock {
  return { block, firstFrame, frames: latents.shape[0], latents, pruned: pruned.map((tokens) => Array.from(tokens)) };
}

/** The cache when its rows were last kept. */
export interface SavedCache {
  /** Blocks of the file that it had been written by then. */
  readonly blocks: number;
  readonly frames: readonly { frame: number; slot: number; stamp: number; live: Uint32Array; rows: string }[];
  readonly freeSlots: readonly number[];
}

const savedCacheSchema: z.ZodType<SavedCache> = z.strictObject({
  blocks: count,
  frames: z.array(
    z.strictObject({
      frame: count,
      slot: count,
      stamp: count,
      live: indices,
      rows: z.string().regex(/^rows-\d+-\d+$/),
    }),
  ),
  freeSlots: z.array(count),
});

/** `state-<n>`: where a rollout is after a block. */
export interface SavedState {
  /** The first block that is still to be made. */
  readonly next: number;
  /** How much of the file of blocks belongs to it. */
  readonly blocks: { readonly count: number; readonly bytes: number };
  readonly noise: unknown;
  readonly policy: unknown;
  readonly flight: readonly FlyingBlock<HostTensor>[];
  readonly cache: SavedCache | null;
  /** Of the bidirectional model, which has no blocks to count by. */
  readonly sampling: {
    readonly step: number;
    readonly latents: HostTensor;
    readonly kept: (HostTensor | null)[];
  } | null;
}

/** @internal */
export const savedStateSchema: z.ZodType<SavedState> = z.strictObject({
  next: count,
  blocks: z.strictObject({ count, bytes: count }),
  noise: z.unknown(),
  policy: z.unknown(),
  flight: z.array(
    z.strictObject({
      block: count,
      latents: hostTensorSchema,
      clean: hostTensorSchema.optional(),
      timestep: z.number().optional(),
    }),
  ),
  cache: savedCacheSchema.nullable(),
  sampling: z
    .strictObject({ step: count, latents: hostTensorSchema, kept: z.array(hostTensorSchema.nullable()).max(8) })
    .nullable(),
});
