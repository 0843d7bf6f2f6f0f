import { sliceFrames } from '../../kernels/layout/frames.js';
import type { TransformerConfig } from '../../models/wan/config.js';
import { tokenGrid } from '../../models/wan/transformer.js';
import type { Device } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import { isBlockwise, type Plan } from '../plan/plan.js';
import { checkWatching, looksInside, type WatchedCalls, type Watching } from '../plan/watching.js';
import { AttentionShares } from './attentionShares.js';
import { readSoon } from './readSoon.js';
import type { CallBlock, CallTap, Seen, TappedCall } from './seen.js';

interface CallTapsOptions {
  readonly watch: Watching;
  readonly heads: number;
  readonly layers: number;
  readonly tokensPerFrame: number;
  /** Denoising steps of a block. */
  readonly steps: number;
}

/**
 * Taps for what is watched inside the DiT; undefined where nothing is.
 * @throws TokenTrimError where there is no such block, step, layer, token or part
 */
export function openTaps(
  device: Device,
  config: TransformerConfig,
  plan: Plan,
  watch: Watching = {},
): CallTaps | undefined {
  checkWatching(plan, config, watch);
  if (!looksInside(watch) || !isBlockwise(plan)) return undefined;
  const { tokensPerFrame } = tokenGrid(config, plan.latent);
  const { num_heads: heads, num_layers: layers } = config;
  return new CallTaps(device, { watch, heads, layers, tokensPerFrame, steps: plan.steps.length });
}

/** Sees what was asked for, call after call: values are asked for at once, and waited for by who takes them. */
export class CallTaps {
  #seen: Seen[] = [];

  constructor(
    private readonly device: Device,
    private readonly options: CallTapsOptions,
  ) {}

  /** What was seen since this was last asked. */
  take(): Seen[] {
    return this.#seen.splice(0);
  }

  /** The tap of a call; undefined where nothing was asked of it. */
  readonly tap: CallTap = (call) => {
    const { attention = [], taps = [] } = this.options.watch;
    const blocks = blocksOf(call);
    const asked = <Asked extends WatchedCalls>(all: readonly Asked[]) =>
      all.flatMap((each, index) =>
        blocks.filter((block) => this.#isAsked(each, block)).map((block) => ({ ...each, index, block })),
      );
    const shares = asked(attention).map(({ index, block, tokens, layers }) => {
      const place = { index, ...placeOf(block, call) };
      return new AttentionShares(this.device, { ...this.options, block, place, call, tokens, chosen: layers });
    });
    const parts = asked(taps);
    if (shares.length + parts.length === 0) return undefined;
    // A call that is recorded to be walked back runs again in part: it is not looked into.
    const isRecorded = () => this.device.recorder !== undefined;
    return {
      part: (name, output) => {
        const wanted = parts.filter((each) => each.name === name);
        if (wanted.length === 0 || isRecorded()) return;
        this.device.scope(() => {
          const rows = output();
          for (const { block } of wanted) this.#seePart(name, rows, block, call);
        });
      },
      attention: (layer, query, context, { frames = [] }) => {
        if (isRecorded()) return;
        for (const each of shares) {
          const seen = each.see(layer, query, context, frames);
          if (seen) this.#seen.push(seen);
        }
      },
    };
  };

  /** Where memory is counted all blocks are alike, and few are run. */
  #isAsked({ blocks, steps }: WatchedCalls, { block, step }: CallBlock): boolean {
    const isCounting = this.device.kind === 'planning';
    return (isCounting || (blocks?.includes(block) ?? true)) && (steps ?? [this.options.steps - 1]).includes(step);
  }

  #seePart(name: string, rows: Tensor, block: CallBlock, call: TappedCall): void {
    const { tokensPerFrame } = this.options;
    const values = readSoon(sliceFrames(rows, block.from * tokensPerFrame, block.frames * tokensPerFrame));
    const shape = [block.frames, tokensPerFrame, rows.shape[1]];
    this.#seen.push({ kind: 'tap', name, shape, values, ...placeOf(block, call) });
  }
}

function blocksOf({ blocks, kept }: TappedCall): CallBlock[] {
  let next = 0;
  return blocks
    .map((each, index) => {
      const from = next;
      next += each.frames;
      return { ...each, from, isFirst: index === 0 };
    })
    .filter(({ from }) => !kept || (from >= kept.from && from < kept.from + kept.count));
}

function placeOf({ block, from, frames, isFirst }: CallBlock, { attempt, step, firstFrame }: TappedCall) {
  const place = { block, attempt: isFirst ? attempt : 0, callAttempt: attempt, step };
  return { ...place, frames: Array.from({ length: frames }, (_, at) => firstFrame + from + at) };
}
