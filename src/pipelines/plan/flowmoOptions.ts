import { optionsOf } from '../../options/checkOptions.js';
import { count, number, oneOf } from '../../options/fields.js';

export const FLOWMO_BLOCKS = ['first-block', 'every-block'] as const;
export const FLOWMO_MODES = ['paper', 'code'] as const;

/** How FlowMo steadies the motion of blocks (`guidedFlow`). */
export interface FlowmoOptions {
  /** The first that is generated, as TokenTrim's full method has it, or each. `preset` wan makes one block. */
  readonly blocks: (typeof FLOWMO_BLOCKS)[number];
  /** Denoising steps of a block, from its first, in which it acts. */
  readonly steps: number;
  /** Learning rate of its one step of Adam: how far every latent moves. */
  readonly rate: number;
  /** Whether the flow is predicted again from what was moved, as in its paper, or not, as in its published code. */
  readonly mode: (typeof FLOWMO_MODES)[number];
}

/**
 * The paper's rate (0.005; its published code has 0.001), and of a few-step rollout's steps the first alone, which is what
 * FlowMo's first 12 of 50 steps and their timesteps above 946 have in common with it.
 */
const FLOWMO_DEFAULTS: FlowmoOptions = { blocks: 'first-block', steps: 1, rate: 0.005, mode: 'paper' };

/** Of the bidirectional model's 50 steps FlowMo acts in 12. */
const SHARE_OF_WAN = 12 / 50;

const fields = {
  blocks: oneOf(FLOWMO_BLOCKS),
  steps: count(1),
  rate: number('must be a number above 0', (rate) => rate > 0 && Number.isFinite(rate)),
  mode: oneOf(FLOWMO_MODES),
};

/** @internal All of it, decided. */
export const flowmoSchema = optionsOf<FlowmoOptions>()(fields);

/** @internal What may be chosen of it. */
export const flowmoRequestSchema = optionsOf<Partial<FlowmoOptions>>()({
  blocks: fields.blocks.optional(),
  steps: fields.steps.optional(),
  rate: fields.rate.optional(),
  mode: fields.mode.optional(),
});

/**
 * The defaults with what was chosen instead; undefined where FlowMo is off.
 * @param wanSteps steps of the bidirectional model's solver, where that makes the video
 */
export function flowmoOptions(
  chosen: Partial<FlowmoOptions> | false | undefined,
  wanSteps?: number,
): FlowmoOptions | undefined {
  if (!chosen) return undefined;
  const steps = wanSteps === undefined ? FLOWMO_DEFAULTS.steps : Math.max(1, Math.round(SHARE_OF_WAN * wanSteps));
  const { blocks, rate, mode } = FLOWMO_DEFAULTS;
  return {
    blocks: chosen.blocks ?? blocks,
    steps: chosen.steps ?? steps,
    rate: chosen.rate ?? rate,
    mode: chosen.mode ?? mode,
  };
}
