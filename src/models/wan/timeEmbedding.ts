import { silu } from '../../kernels/elementwise/elementwise.js';
import { linear } from '../../kernels/linear/linear.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Transformer } from './transformerWeights.js';

const MAX_PERIOD = 10_000;

/**
 * The sinusoid of a timestep, cosines first, in float64.
 * Source: Wan-Video/Wan2.1 wan/modules/model.py sinusoidal_embedding_1d.
 */
export function sinusoid(timestep: number, width: number): number[] {
  const half = width / 2;
  const angles = Array.from({ length: half }, (_, index) => timestep * MAX_PERIOD ** (-index / half));
  return [...angles.map(Math.cos), ...angles.map(Math.sin)];
}

/**
 * The time embedding of every frame.
 * @param timesteps one a frame
 * @returns embedding [frames, 1, dim], which the head adds to its modulation, and projection [frames, 6, dim], which
 *   every block adds to its own
 */
export function embedTime(
  { device, config, weights }: Transformer,
  timesteps: readonly number[],
): { embedding: Tensor; projection: Tensor } {
  const frames = timesteps.length;
  const waves = Float64Array.from(timesteps.flatMap((timestep) => sinusoid(timestep, config.freq_dim)));
  const [first, second] = weights.timeEmbedding;
  const hidden = silu(linear(device.upload(waves, [frames, config.freq_dim]), first.weight, first.bias));
  const embedding = linear(hidden, second.weight, second.bias); // [frames, dim]
  const { weight, bias } = weights.timeProjection;
  const projection = linear(silu(embedding), weight, bias); // [frames, 6 * dim]
  return {
    embedding: embedding.reshape(frames, 1, config.dim),
    projection: projection.reshape(frames, 6, config.dim),
  };
}
