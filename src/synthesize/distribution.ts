import type { Part } from '../models/wan/checkpoint/names.js';

/** Mean and standard deviation of a tensor's values. */
export interface Distribution {
  readonly mean: number;
  readonly deviation: number;
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
