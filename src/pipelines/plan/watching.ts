import * as z from 'zod';
import { ensure } from '../../errors.js';
import type { TransformerConfig } from '../../models/wan/config.js';
import { BRANCHES, partNames } from '../../models/wan/tap.js';
import { tokenGrid } from '../../models/wan/transformer.js';
import { checkTokens, optionsOf } from '../../options/checkOptions.js';
import { count, flag, show, text } from '../../options/fields.js';
import { nearestName } from '../../options/nearestName.js';
import { type DraftPlan, isBlockwise, type RolloutPlan } from './plan.js';

/** Which calls are looked into. */
export interface WatchedCalls {
  /** Generated blocks, from 0; all where absent. */
  readonly blocks?: readonly number[];
  /** Which of a block's denoising steps, from 0; the last where absent. */
  readonly steps?: readonly number[];
}

/** What chosen tokens attend to, a mean over heads. */
export interface WatchedAttention extends WatchedCalls {
  /** Spatial indices: each stands for the token of every frame of a block. */
  readonly tokens: readonly number[];
  /** Layers of the DiT, from 0; all where absent. */
  readonly layers?: readonly number[];
}

/** A part of the DiT whose output is kept. */
export interface WatchedPart extends WatchedCalls {
  /** Its name in the official code: `patch_embedding`, `block0`, `block0.self_attn`, ..., `head`. */
  readonly name: string;
}

/** What who watches a run is told beside the rest. A baseline is measured too, as TokenTrim would, and taken as it comes. */
export interface Watching {
  /** Makes the pictures of attempts that are not kept (events `rejected`), where pictures are made during the rollout. */
  readonly rejected?: boolean;
  /** Tells what tokens attend to (`watched` of the events `step`). */
  readonly attention?: readonly WatchedAttention[];
  /** Tells the values of parts of the DiT, there too. */
  readonly taps?: readonly WatchedPart[];
}

const numbers = listOf(count(0), 'must be a list of whole numbers from 0 on, such as [3, 7]');
const calls = { blocks: numbers.optional(), steps: numbers.optional() };

/** @internal */
export const watchSchema = optionsOf<Watching>()({
  rejected: flag.optional(),
  attention: listOf(
    optionsOf<WatchedAttention>()({ ...calls, tokens: numbers, layers: numbers.optional() }),
    'must be a list such as [{ tokens: [3] }]',
  ).optional(),
  taps: listOf(
    optionsOf<WatchedPart>()({ ...calls, name: text }),
    "must be a list such as [{ name: 'block0.ffn' }]",
  ).optional(),
});

function listOf<Item>(item: z.ZodType<Item>, rule: string): z.ZodType<readonly Item[]> {
  return z.array(item, { error: (issue) => `${rule}, found ${show(issue.input)}` }).readonly();
}

/** Whether anything inside the DiT is looked at. */
export const looksInside = ({ attention = [], taps = [] }: Watching): boolean => attention.length + taps.length > 0;

/**
 * Refuses what is to be watched where the model or the video has no such block, step, layer, token or part.
 * @throws TokenTrimError which says what there is
 */
export function checkWatching(plan: DraftPlan, config: TransformerConfig, watch: Watching): void {
  if (!looksInside(watch)) return;
  ensure(
    isBlockwise(plan),
    'the bidirectional model has no blocks and no cache: `watch` looks into rollouts, so use the preset self-forcing or rolling-forcing',
  );
  const { tokensPerFrame } = tokenGrid(config, plan.latent);
  const blocks = Math.ceil(plan.frames / plan.framesPerBlock);
  const among = (what: string, chosen: readonly number[] | undefined, there: number) => {
    const none = chosen?.find((each) => each >= there);
    ensure(none === undefined, `there is no ${what} ${none} to watch: this run has ${what}s 0 to ${there - 1}`);
  };
  for (const { tokens, layers, ...called } of watch.attention ?? []) {
    checkTokens('the tokens whose attention is watched', tokens, tokensPerFrame);
    ensure(tokens.length > 0, 'no token is chosen whose attention is watched: name one, such as 0');
    among('layer', layers, config.num_layers);
    among('block', called.blocks, blocks);
    among('step', called.steps, plan.steps.length);
  }
  for (const { name, ...called } of watch.taps ?? []) {
    checkPart(name, config);
    among('block', called.blocks, blocks);
    among('step', called.steps, (plan as RolloutPlan).steps.length);
  }
}

function checkPart(name: string, config: TransformerConfig): void {
  const names = partNames(config);
  if (names.includes(name)) return;
  const near = nearestName(name, names);
  const layers = `for each layer from 0 to ${config.num_layers - 1} block<n>, ${BRANCHES.map((part) => `block<n>.${part}`).join(', ')}`;
  ensure(
    false,
    `the DiT has no part ${show(name)}: ${near ? `did you mean ${near}? ` : ''}there are patch_embedding, head, and ${layers}`,
  );
}
