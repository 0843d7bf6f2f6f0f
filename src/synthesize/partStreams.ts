import { hfName, type Part } from '../models/wan/checkpoint/names.js';
import type { ModelConfig } from '../models/wan/config.js';
import type { TensorStream } from '../node/weights/writeSafetensors.js';
import type { Place } from './layouts.js';
import { headDimOf, partTensors } from './models.js';
import { randomTensor } from './randomTensor.js';
import { type Distribution, type FloatDType, float8Scale } from './valueTable.js';

export interface PartOptions {
  readonly seed: string;
  /** What the values depend on beside the seed and the official name. */
  readonly section: string;
  readonly dtype: FloatDType;
  /** Into the file's names; by default as the place names its tensors. */
  readonly rename?: (official: string) => string;
}

/** What is beside the 8-bit weights, as published. */
const BESIDE_FLOAT8 = 'BF16';
/** The matrices of the layers are written in 8 bits; embeddings, norms and biases are not. */
const LAYER_MATRIX = /^blocks\.\d+\.(?!pos_embedding).*\.weight$/;

/** All tensors of a part with random values, under the names of the file that they go to. */
export function partStreams(
  { part, naming, float8 }: Place,
  model: ModelConfig,
  { seed, section, dtype, rename = naming === 'hf' ? (name) => hfName(part, name) : (name) => name }: PartOptions,
): TensorStream[] {
  const streams: TensorStream[] = [];
  const isScaled = dtype === 'F8_E4M3' && float8 === 'scaled';
  // ComfyUI's mark of such a file: an empty tensor whose dtype is that of the weights.
  if (isScaled) streams.push({ name: 'scaled_fp8', dtype, shape: [0], byteLength: 0, pieces: () => [] });
  const headDim = headDimOf(part, model);
  for (const [name, shape] of partTensors(part, model)) {
    const distribution = distributionOf(part, name, shape, headDim);
    const tensor = { seed, section, name, shape, distribution };
    if (dtype !== 'F8_E4M3') streams.push(randomTensor(tensor, rename(name), dtype));
    else if (shape.length !== 2 || !LAYER_MATRIX.test(name)) {
      streams.push(randomTensor(tensor, rename(name), BESIDE_FLOAT8));
    } else {
      const scale = isScaled ? float8Scale(distribution) : 1;
      streams.push(randomTensor(tensor, rename(name), dtype, scale));
      if (isScaled) streams.push(scaleTensor(rename(name), scale));
    }
  }
  return streams;
}

function scaleTensor(weight: string, scale: number): TensorStream {
  const bytes = new Uint8Array(Float32Array.of(scale).buffer);
  const name = weight.replace(/weight$/, 'scale_weight');
  return { name, dtype: 'F32', shape: [], byteLength: bytes.length, pieces: () => [bytes] };
}

/** Weights that keep a forward pass at the size of its input. */
const BIAS = 0.1;
const GAIN = 0.2;
/** Sharper attention than plain gains give: as in the reference data, where it makes mistakes in RoPE or cache show. */
const SHARPER = 1.5;

/**
 * How the reference data's random weights are drawn: linear and convolution weights N(0, 1 / fan-in), biases
 * 0.1 N(0, 1), gains 1 + 0.2 N(0, 1), modulation N(0, 1) / sqrt(dim), embeddings N(0, 1), and a few exceptions.
 *
 * @param name official
 * @param headDim width of an attention head of this part
 */
export function distributionOf(part: Part, name: string, shape: readonly number[], headDim: number): Distribution {
  if (name.endsWith('.bias')) return { mean: 0, deviation: BIAS };
  if (name.endsWith('modulation')) return { mean: 0, deviation: shape[shape.length - 1] ** -0.5 };
  if (/(^|\.)(norm_[qk])\.weight$/.test(name)) return { mean: SHARPER, deviation: SHARPER * GAIN };
  if (name.endsWith('.gamma') || /(^|\.)norm\d?\.weight$/.test(name)) return { mean: 1, deviation: GAIN };
  if (name.endsWith('embedding.weight') && part === 'text-encoder') return { mean: 0, deviation: 1 };
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  return { mean: 0, deviation: scaleOf(part, name, headDim) * fanIn ** -0.5 };
}

function scaleOf(part: Part, name: string, headDim: number): number {
  // T5 does not divide scores by the root of the head's width: its queries are that much smaller.
  if (part === 'text-encoder' && name.endsWith('attn.q.weight')) return SHARPER * headDim ** -0.5;
  if (name === 'decoder.head.2.weight') return 0.7;
  return name === 'encoder.head.2.weight' ? 1.5 : 1;
}
