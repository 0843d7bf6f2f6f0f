import { hfName } from '../models/wan/checkpoint/names.js';
import type { ModelConfig } from '../models/wan/config.js';
import type { TensorStream } from '../node/weights/streamSafetensors.js';
import { distributionOf } from './distribution.js';
import type { Place } from './layouts.js';
import { headDimOf, partTensors } from './models.js';
import { randomTensor } from './randomTensor.js';
import { type FloatDType, float8Scale } from './valueTable.js';

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
      if (isScaled) streams.push(scaleOf(rename(name), scale));
    }
  }
  return streams;
}

function scaleOf(weight: string, scale: number): TensorStream {
  const bytes = new Uint8Array(Float32Array.of(scale).buffer);
  const name = weight.replace(/weight$/, 'scale_weight');
  return { name, dtype: 'F32', shape: [], byteLength: bytes.length, pieces: () => [bytes] };
}
