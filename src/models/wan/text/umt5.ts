import { ensure } from '../../../errors.js';
import { attention } from '../../../kernels/attention/attention.js';
import { multiply } from '../../../kernels/elementwise/elementwise.js';
import { linear } from '../../../kernels/linear/linear.js';
import { rmsNorm } from '../../../kernels/norms/rmsNorm.js';
import { gatherRows } from '../../../kernels/rows/rows.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { Tensor } from '../../../tensor/tensor.js';
import { embedTokens, type TextEncoderLayer, type TextEncoderModel } from './encoderWeights.js';
import type { EncodedPrompt } from './tokenize.js';

const EPS = 1e-6;

/** What every layer needs to know about the prompt. */
interface Prompt {
  /** u32 [2 * tokens - 1], the row of the position table for each distance */
  readonly buckets: Tensor;
  /** u32 [keys], the tokens that may be attended to: all but the padding */
  readonly keyRows: Tensor;
}

/** One stage of the encoder: the embedded tokens, the hidden state after each block, and its final norm. */
export interface EncoderState {
  /** `token_embedding`, `block0`, `block1`, ... or `norm` */
  readonly name: string;
  /** [tokens, dim]; freed when the next state is asked for */
  readonly hidden: Tensor;
}

/**
 * The umT5 encodings of prompts, as the DiT reads them, in one pass over the layers.
 * Source: Wan-Video/Wan2.1 wan/modules/t5.py T5EncoderModel; padding rows are zero, as in guandeh17/Self-Forcing
 * utils/wan_wrapper.py WanTextEncoder.
 * @param prompts token ids, padded to the text length of the DiT, and how many of them are tokens of the prompt
 * @returns [ids.length, dim] for each prompt, rows past its `length` zero
 */
export async function encodePrompts(encoder: TextEncoderModel, prompts: readonly EncodedPrompt[]): Promise<Tensor[]> {
  const { device, config } = encoder;
  for (const { ids, length } of prompts) checkPrompt(ids, length, config.vocab);
  const passes: EncoderPass[] = [];
  try {
    // No token attends to padding, so the padding rows need not be computed.
    for (const { ids, length } of prompts) passes.push(await beginPass(encoder, ids.subarray(0, length), length));
    for await (const layer of encoder.layers) for (const pass of passes) pass.advance(layer);
    return prompts.map(({ ids, length }, index) => {
      passes[index].finish();
      const encoded = device.zeros([ids.length, config.dim]);
      device.updateRows(encoded, 0, passes[index].hidden, 0, length);
      return encoded;
    });
  } finally {
    for (const pass of passes) pass.dispose();
  }
}

/** {@link encodePrompts} for one prompt. */
export async function encodePrompt(encoder: TextEncoderModel, ids: Int32Array, length: number): Promise<Tensor> {
  const [encoded] = await encodePrompts(encoder, [{ ids, length }]);
  return encoded;
}

/**
 * Runs the encoder and stops after every stage.
 * @param ids the tokens to run, padding included where its rows are wanted
 * @param length how many of them, from the start, may be attended to
 */
export async function* encoderStates(
  encoder: TextEncoderModel,
  ids: Int32Array,
  length: number,
): AsyncGenerator<EncoderState> {
  checkPrompt(ids, length, encoder.config.vocab);
  const pass = await beginPass(encoder, ids, length);
  try {
    yield { name: 'token_embedding', hidden: pass.hidden };
    let index = 0;
    for await (const layer of encoder.layers) {
      pass.advance(layer);
      yield { name: `block${index++}`, hidden: pass.hidden };
    }
    pass.finish();
    yield { name: 'norm', hidden: pass.hidden };
  } finally {
    pass.dispose();
  }
}

/** A prompt on its way through the layers. */
interface EncoderPass {
  /** [tokens, dim]; freed by the next step */
  readonly hidden: Tensor;
  advance(layer: TextEncoderLayer): void;
  /** The norm after the last layer. */
  finish(): void;
  dispose(): void;
}

async function beginPass(encoder: TextEncoderModel, ids: Int32Array, length: number): Promise<EncoderPass> {
  const { device, config, norm } = encoder;
  let hidden = await embedTokens(encoder, ids);
  const prompt: Prompt = {
    buckets: device.upload(relativePositionBuckets(ids.length, config.num_buckets), [2 * ids.length - 1]),
    keyRows: device.upload(
      Uint32Array.from({ length }, (_, row) => row),
      [length],
    ),
  };
  const step = (next: (current: Tensor) => Tensor) => {
    const result = device.scope(() => next(hidden));
    hidden.dispose();
    hidden = result;
  };
  return {
    get hidden() {
      return hidden;
    },
    advance: (layer) => step((current) => encoderBlock(layer, current, prompt, config.num_heads)),
    finish: () => step((current) => rmsNorm(current, norm, EPS)),
    dispose: () => disposeAll([hidden, prompt.buckets, prompt.keyRows]),
  };
}

/**
 * T5's bias for each relative position and head, added to the attention scores.
 * @returns [2 * tokens - 1, heads]
 */
export function positionBias(layer: TextEncoderLayer, buckets: Tensor): Tensor {
  return gatherRows(layer.positions, buckets);
}

/** Source: Wan-Video/Wan2.1 wan/modules/t5.py T5SelfAttention (the block). */
function encoderBlock(layer: TextEncoderLayer, hidden: Tensor, prompt: Prompt, heads: number): Tensor {
  const mixed = selfAttention(layer, rmsNorm(hidden, layer.norm1, EPS), prompt, heads);
  const attended = linear(mixed, layer.output, undefined, { residual: { to: hidden } }); // [tokens, dim]
  const gated = feedForward(layer, rmsNorm(attended, layer.norm2, EPS));
  return linear(gated, layer.fc2, undefined, { residual: { to: attended } });
}

/** Up to its output layer. Source: Wan-Video/Wan2.1 wan/modules/t5.py T5Attention; the scores are not scaled. */
function selfAttention(layer: TextEncoderLayer, x: Tensor, { buckets, keyRows }: Prompt, heads: number): Tensor {
  const query = linear(x, layer.query); // [tokens, heads * headDim]
  const cached = { keys: linear(x, layer.key), values: linear(x, layer.value), rows: keyRows };
  return attention(query, { cached }, heads, { scale: 1, bias: positionBias(layer, buckets) });
}

/** Up to its last layer. Source: Wan-Video/Wan2.1 wan/modules/t5.py T5FeedForward. */
function feedForward(layer: TextEncoderLayer, x: Tensor): Tensor {
  return multiply(linear(x, layer.fc1), linear(x, layer.gate, undefined, { gelu: true })); // [tokens, dimFfn]
}

function checkPrompt(ids: Int32Array, length: number, vocab: number): void {
  ensure(
    Number.isInteger(length) && length >= 1 && length <= ids.length,
    `text encoder: expected 1 to ${ids.length} tokens of a prompt, found ${length}: an empty prompt still has its end token`,
  );
  const stranger = ids.find((id) => id < 0 || id >= vocab);
  ensure(
    stranger === undefined,
    `text encoder: expected token ids below ${vocab}, found ${stranger}: the tokenizer and the text encoder are not a pair`,
  );
}

/** Distances from here on share the last bucket. Source: Wan-Video/Wan2.1 wan/modules/t5.py T5RelativeEmbedding. */
const MAX_DISTANCE = 128;

/**
 * Which row of T5's position table each distance key - query uses. Half of the buckets are for keys after the query;
 * of each half, the first half counts distances exactly and the second spans them logarithmically up to 128.
 * Source: Wan-Video/Wan2.1 wan/modules/t5.py T5RelativeEmbedding._relative_position_bucket (bidirectional).
 * @param length tokens of the sequence
 * @param buckets rows of the table, a multiple of 4
 * @returns [2 * length - 1], for the distances -(length - 1) to length - 1
 */
export function relativePositionBuckets(length: number, buckets: number): Uint32Array {
  const half = buckets / 2;
  const exact = half / 2;
  return Uint32Array.from({ length: 2 * length - 1 }, (_, index) => {
    const distance = index - (length - 1);
    const far = Math.abs(distance);
    const bucket = far < exact ? far : Math.min(half - 1, exact + logBucket(far / exact, exact));
    return bucket + (distance > 0 ? half : 0);
  });
}

/** Each step is rounded to float32, as torch does, since a quotient that lands on an integer decides the bucket. */
function logBucket(ratio: number, exact: number): number {
  const log = Math.fround(Math.log(Math.fround(ratio)));
  return Math.floor(Math.fround(Math.fround(log / Math.fround(Math.log(MAX_DISTANCE / exact))) * exact));
}
