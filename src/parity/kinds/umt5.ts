import * as z from 'zod';
import { ensure } from '../../errors.js';
import { parseConfig, textEncoderSchema } from '../../models/wan/config.js';
import { freeTextEncoder, loadTextEncoder } from '../../models/wan/text/encoderWeights.js';
import { streamTextEncoder } from '../../models/wan/text/streamTextEncoder.js';
import { encodePrompts, encoderStates, positionBias, relativePositionBuckets } from '../../models/wan/text/umt5.js';
import { toFloat64Numbers } from '../../weights/convert.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import type { ParityInput, ParityOutput } from './input.js';

/** What the case says beside the model: how long the prompts are padded, and constants that umT5 fixes. */
const caseSchema = z.object({
  vocab_size: z.int().positive(),
  seq_len: z.int().positive(),
  eps: z.literal(1e-6).default(1e-6),
  max_dist: z.literal(128).default(128),
});

type States = Map<string, Float64Array[]>;

/**
 * Parity kind `umt5`: the hidden state of every prompt after every stage, padding rows included, the relative positions, and
 * the embeddings that the DiT gets. Outputs are [prompts, tokens, dim].
 */
export async function* umt5({ device, config, inputs, weights, types }: ParityInput): AsyncGenerator<ParityOutput> {
  const { vocab_size: vocab, seq_len: tokens } = parseConfig(caseSchema, config, 'umt5');
  const model = parseConfig(textEncoderSchema, { ...config, type: 'umt5', vocab }, 'umt5');
  const prompts = await readPrompts(inputs, tokens);
  const encoder = await loadTextEncoder(device, weights, model, types.weights);

  const buckets = relativePositionBuckets(tokens, model.num_buckets);
  yield { name: 'relative_position_bucket', actual: buckets, shape: [buckets.length] };

  const uploaded = device.upload(buckets, [buckets.length]);
  const bias = positionBias(encoder.layers[0], uploaded); // [2 * tokens - 1, heads]
  const actual = expandBias(await device.read(bias), tokens, model.num_heads);
  yield { name: 'block0.pos_bias', actual, shape: [1, model.num_heads, tokens, tokens] };
  uploaded.dispose();
  bias.dispose();

  const states: States = new Map();
  for (const { ids, length } of prompts) {
    for await (const { name, hidden } of encoderStates(encoder, ids, length)) {
      const values = Float64Array.from(await device.read(hidden));
      push(states, name, values);
    }
  }
  freeTextEncoder(encoder);

  // What the DiT gets is made as a run makes it: layer by layer, all prompts in one pass.
  const streamed = await streamTextEncoder(device, weights, model, types.weights);
  for (const encoded of await encodePrompts(streamed, prompts)) {
    push(states, 'prompt_embeds', Float64Array.from(await device.read(encoded)));
    encoded.dispose();
  }
  freeTextEncoder(streamed);
  for (const [name, values] of states) {
    yield { name, actual: concatenate(values), shape: [prompts.length, tokens, model.dim] };
  }
}

async function readPrompts(inputs: TensorSource, tokens: number): Promise<{ ids: Int32Array; length: number }[]> {
  const ids = await readIntegers(inputs, 'ids', tokens);
  const mask = await readIntegers(inputs, 'mask', tokens);
  ensure(mask.length === ids.length, `${inputs.label}: ids and mask must have the same shape`);
  return Array.from({ length: ids.length / tokens }, (_, prompt) => {
    const [first, end] = [prompt * tokens, (prompt + 1) * tokens];
    const length = mask.subarray(first, end).reduce((sum, kept) => sum + kept, 0);
    ensure(
      mask.subarray(first, end).every((kept, position) => kept === (position < length ? 1 : 0)),
      `${inputs.label}: the mask of prompt ${prompt} must be ones, then zeros: padding goes on the right`,
    );
    return { ids: ids.subarray(first, end), length };
  });
}

async function readIntegers(inputs: TensorSource, name: string, tokens: number): Promise<Int32Array> {
  const { dtype, shape } = inputs.info(name);
  ensure(shape.at(-1) === tokens, `${inputs.label}: ${name} must be [prompts, ${tokens}], found [${shape.join(', ')}]`);
  return Int32Array.from(toFloat64Numbers(await inputs.read(name), dtype));
}

/** The table by distance as the matrix by head, query and key that the official code builds. */
function expandBias(table: ArrayLike<number>, tokens: number, heads: number): Float64Array {
  const matrix = new Float64Array(heads * tokens * tokens);
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < tokens; query++) {
      for (let key = 0; key < tokens; key++) {
        matrix[(head * tokens + query) * tokens + key] = table[(key - query + tokens - 1) * heads + head];
      }
    }
  }
  return matrix;
}

function push(states: States, name: string, values: Float64Array): void {
  const found = states.get(name);
  if (found) found.push(values);
  else states.set(name, [values]);
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
