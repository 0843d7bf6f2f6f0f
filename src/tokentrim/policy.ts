import * as z from 'zod';
import { checkNames } from '../options/checkOptions.js';
import { callback, count, flag, number, oneOf, show } from '../options/fields.js';
import type { Tensor } from '../tensor/tensor.js';

/** What a policy found for a block; severities and statistics are null where there is no previous block. */
export interface Decision {
  readonly block: number;
  /** D_t of the candidate. */
  readonly severity: number | null;
  /**
   * mu_t and sigma_t, the mean and population standard deviation of the accepted blocks' severities, and the threshold
   * mu_t + lambda * sigma_t. A noise level is called sigma too, elsewhere.
   */
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

/** A review beside what it is compared with; null where no severity was accepted before. */
export interface MeasuredReview extends Review, Pick<Decision, 'mean' | 'std' | 'threshold'> {}

/**
 * What a policy answers: tokens (spatial indices) to remove from the cache before the block is generated again, `again` to
 * have it generated again with nothing removed, or no tokens (`[]`) to go on.
 */
export type Answer = readonly number[] | 'again';

/** @internal An answer as a rollout acts on it. */
export const answered = (answer: Answer): { readonly again: boolean; readonly unstable: readonly number[] } =>
  answer === 'again' ? { again: true, unstable: [] } : { again: answer.length > 0, unstable: answer };

/**
 * What a rollout asks while it generates. The rollout shows a candidate; the policy answers whether the block is generated
 * again, and over which cache. It never touches the rollout or the cache.
 */
export interface Policy {
  /** Which prediction the rollout shows: the denoised block, or the first denoising step's. */
  readonly check: 'final' | 'first-step';
  /** Times that a block may be generated; a rollout stops with an error where the policy asks for more. 16 where absent. */
  readonly maxAttempts?: number;
  /** What the latest review measured, for who watches: it decides nothing. Absent where there is nothing to compare with. */
  readonly latest?: MeasuredReview | undefined;
  /**
   * @param block its number, from 0
   * @param candidate [frames, channels, height, width], valid during the call
   * @returns tokens to prune before generating the block again, `again` to prune none; empty to go on
   */
  review(block: number, candidate: Tensor): Promise<Answer>;
  /** Told of every block that joins the video: its latents, and that its keys and values stay in the cache. */
  accept(block: number, latents: Tensor): Promise<Decision>;
  /** Frees what the policy holds; the run is over. */
  dispose(): void;
  /**
   * What it remembers between two blocks, as plain data and typed arrays: for a run that is to go on in another process. A
   * policy without `save` and `restore` is taken for one that cannot.
   */
  save?(): Promise<unknown>;
  /**
   * Has a new policy go on from there.
   * @throws where that is not what `save` gave
   */
  restore?(saved: unknown): void;
}

/**
 * A decision with what is known of it; the rest says that nothing was measured, and the block taken as it came.
 * @throws TokenTrimError where a name is misspelt
 */
export function decision(known: Pick<Decision, 'block'> & Partial<Decision>): Decision {
  const whole = {
    severity: null,
    mean: null,
    std: null,
    threshold: null,
    triggered: (known.attempts ?? 1) > 1,
    unstable: null,
    severityAfter: null,
    attempts: 1,
    drift: null,
    reviews: [],
    ...known,
  };
  checkNames('decision', whole, Object.keys(decisionFields));
  return whole;
}

/** The baseline: every block is accepted as it comes. `{ ...acceptAll, review }` is a policy of one's own. */
export const acceptAll: Policy = {
  check: 'final',
  review: async () => [],
  accept: async (block) => decision({ block }),
  dispose: () => undefined,
};

/** @internal What makes a policy; it may have more, being of a class perhaps. */
export const policySchema: z.ZodType<Policy> = z.looseObject(
  {
    check: oneOf(['final', 'first-step']),
    review: callback<Policy['review']>(),
    accept: callback<Policy['accept']>(),
    dispose: callback<Policy['dispose']>(),
    maxAttempts: count(1).optional(),
  },
  { error: ({ input }) => `a policy must be an object with check, review, accept and dispose, found ${show(input)}` },
);

const measured = number('must be a finite number');
const numberOrNull = number('must be a finite number or null').nullable();
const list = <Item>(item: z.ZodType<Item>, rule: string) =>
  z.array(item, { error: ({ input }) => `${rule}, found ${show(input)}` }).readonly();
const tokenList = list(count(0), 'must be an array of token indices');
const driftList = list(measured, 'must be an array of numbers');

const decisionFields = {
  block: count(0),
  severity: numberOrNull,
  mean: numberOrNull,
  std: numberOrNull,
  threshold: numberOrNull,
  triggered: flag,
  unstable: tokenList.nullable(),
  severityAfter: numberOrNull,
  attempts: count(1),
  drift: driftList.nullable(),
  reviews: list(
    z.looseObject({ severity: measured, drift: driftList, unstable: tokenList }) as z.ZodType<Review>,
    'must be an array of reviews',
  ),
};

/** @internal What a decision is; one of a policy's own may have more. */
export const decisionSchema = z.looseObject(decisionFields) as z.ZodType<Decision>;
