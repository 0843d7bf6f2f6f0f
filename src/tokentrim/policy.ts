import type { Tensor } from '../tensor/tensor.js';

/** What a policy found for a block; severities and statistics are null where there is no previous block. */
export interface Decision {
  readonly block: number;
  /** D_t of the candidate. */
  readonly severity: number | null;
  /** Mean and population standard deviation of the accepted blocks' severities, and mean + sensitivity * deviation. */
  readonly mean: number | null;
  readonly std: number | null;
  readonly threshold: number | null;
  readonly triggered: boolean;
  /** S_t of the candidate: spatial token indices, ascending. */
  readonly unstable: readonly number[] | null;
  /** D_t of the block that was accepted after an intervention. */
  readonly severityAfter: number | null;
  /** Times the block was generated. */
  readonly attempts: number;
  /** d_i of the candidate, one a token. */
  readonly drift: readonly number[] | null;
  /** Every attempt that was measured: the candidate, then each regeneration, the last of which was accepted. */
  readonly reviews: readonly Review[];
}

/** What a policy measured of one attempt at a block. */
export interface Review {
  /** D_t. */
  readonly severity: number;
  /** d_i, one a token. */
  readonly drift: readonly number[];
  /** S_t: spatial token indices, ascending. */
  readonly unstable: readonly number[];
}

/**
 * What a rollout asks while it generates. The rollout shows a candidate; the policy answers with the tokens to remove
 * from the cache before the block is generated again, or with none to go on. It never touches the rollout or the cache.
 */
export interface Policy {
  /** Which prediction the rollout shows: the denoised block, or the first denoising step's. */
  readonly check: 'final' | 'first-step';
  /**
   * @param block its number, from 0
   * @param candidate [frames, channels, height, width], valid during the call
   * @returns spatial token indices to prune before generating the block again; empty to go on
   */
  review(block: number, candidate: Tensor): Promise<readonly number[]>;
  /** Told of every block that joins the video: its latents, and that its keys and values stay in the cache. */
  accept(block: number, latents: Tensor): Promise<Decision>;
  /** Frees what the policy holds; the run is over. */
  dispose(): void;
}

/** The baseline: every block is accepted as it comes. */
export const acceptAll: Policy = {
  check: 'final',
  review: async () => [],
  accept: async (block) => ({
    block,
    severity: null,
    mean: null,
    std: null,
    threshold: null,
    triggered: false,
    unstable: null,
    severityAfter: null,
    attempts: 1,
    drift: null,
    reviews: [],
  }),
  dispose: () => undefined,
};
