import { ensure } from '../../errors.js';
import { concatFrames, sliceFrames } from '../../kernels/layout/frames.js';
import { prepareContext, type TextContext } from '../../models/wan/crossAttention.js';
import type { Transformer } from '../../models/wan/transformerWeights.js';
import type { Device } from '../../tensor/device.js';
import { disposeAll } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';

/** The prompt of a rollout, or of the block that begins at a latent frame of the video. */
export type RolloutContext = TextContext | ((firstFrame: number) => TextContext);

/** A prompt, and the first latent frame of the block from which it holds. */
export interface EmbeddedPrompt {
  readonly firstFrame: number;
  /** The prompt's rows [rows, text_dim]; the zero rows up to text_len may be left out. */
  readonly embeds: Float32Array;
}

/** The cross-attention caches of a prompt schedule: only those in use are on the device. */
export interface PromptContexts {
  /** The context for the block that begins at `firstFrame`, valid until a block `lookBack` frames past its end is asked for. */
  at(firstFrame: number): TextContext;
  dispose(): void;
}

/**
 * Prepares the context of a prompt when the first of its blocks is asked for, and frees it when no later block can need
 * it. At 1.3B a context takes 190 MB; the embeddings wait on the host.
 * @param prompts in the order of their frames, the first from frame 0
 * @param lookBack latent frames before the latest block asked for whose prompts are still in use: 0 for Self Forcing, the
 *   rolling window without its last block for Rolling Forcing
 */
export function promptContexts(model: Transformer, prompts: readonly EmbeddedPrompt[], lookBack = 0): PromptContexts {
  const { device, config } = model;
  const [rows, width] = [config.text_len, config.text_dim];
  ensure(prompts[0]?.firstFrame === 0, 'a prompt schedule begins at frame 0');
  const live = new Map<number, TextContext>();
  const indexAt = (frame: number) => prompts.findLastIndex(({ firstFrame }) => firstFrame <= frame);

  const prepare = ({ embeds }: EmbeddedPrompt): TextContext => {
    ensure(
      embeds.length % width === 0 && embeds.length <= rows * width,
      `prompt embeddings are at most ${rows} rows of ${width}, found ${embeds.length} values`,
    );
    const padded = new Float32Array(rows * width);
    padded.set(embeds);
    return device.scope(() => prepareContext(model, device.upload(padded, [rows, width])));
  };

  return {
    at(firstFrame) {
      const wanted = indexAt(firstFrame);
      const oldest = indexAt(firstFrame - lookBack);
      for (const [index, context] of live) {
        if (index >= oldest) continue;
        disposeAll(context);
        live.delete(index);
      }
      const context = live.get(wanted) ?? prepare(prompts[wanted]);
      live.set(wanted, context);
      return context;
    },
    dispose() {
      for (const context of live.values()) disposeAll(context);
      live.clear();
    },
  };
}

/** A rollout's prompt as a function of the block's first frame. */
export function contextLookup(context: RolloutContext): (firstFrame: number) => TextContext {
  return typeof context === 'function' ? context : () => context;
}

/** Frames of a call whose blocks have the same prompt; `from` counts from the call's first frame. */
export interface PromptRun {
  readonly prompt: TextContext;
  readonly from: number;
  readonly count: number;
}

/** The runs of a call's frames, in order. */
export function promptRuns(
  firstFrame: number,
  frames: number,
  framesPerBlock: number,
  contextAt: (firstFrame: number) => TextContext,
): PromptRun[] {
  const runs: PromptRun[] = [];
  for (let from = 0; from < frames; from += framesPerBlock) {
    const prompt = contextAt(firstFrame + from);
    const last = runs.at(-1);
    if (last?.prompt === prompt) runs[runs.length - 1] = { ...last, count: last.count + framesPerBlock };
    else runs.push({ prompt, from, count: framesPerBlock });
  }
  return runs;
}

/**
 * A call over a change of prompt is made once for each prompt, and every frame takes what its own predicts
 * (docs/decisions/008-prompts-in-a-window.md).
 * @param predict the whole call with the prompt of a run, [frames, ...]
 */
export function eachByItsPrompt(
  device: Device,
  runs: readonly PromptRun[],
  predict: (run: PromptRun) => Tensor,
): Tensor {
  if (runs.length === 1) return predict(runs[0]);
  return concatFrames(runs.map((run) => device.scope(() => sliceFrames(predict(run), run.from, run.count))));
}
