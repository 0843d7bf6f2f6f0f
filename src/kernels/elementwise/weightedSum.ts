import { ensure } from '../../errors.js';
import { f32, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './weightedSum.twin.js';

/** A tensor and its factor. */
export type Term = readonly [weight: number, tensor: Tensor];

const MAX_TERMS = 4;

/** The sum of one to four tensors of the same shape, each times its weight. */
export function weightedSum(terms: readonly Term[]): Tensor {
  const weights = terms.map(([weight]) => weight);
  const tensors = terms.map(([, tensor]) => tensor);
  ensure(
    terms.length > 0 && terms.length <= MAX_TERMS,
    `weightedSum: 1 to ${MAX_TERMS} terms are supported, found ${terms.length}`,
  );
  ensure(weights.every(Number.isFinite), () => `weightedSum: weights must be finite, found ${weights.join(', ')}`);
  const [first] = tensors;
  for (const tensor of tensors) expectShape(tensor.shape, first.shape, 'weightedSum: every term');
  const width = first.shape.at(-1) ?? 1;
  const slots = [0, 1, 2, 3];
  return first.device.launch({
    kernel: 'weightedSum',
    reads: slots.map((slot) => tensors[slot] ?? first),
    output: first.shape,
    overrides: { TERMS: terms.length },
    ...rowwise(first.size / width, slots, (_, rows) => ({
      params: [u32(rows * width), ...slots.map((slot) => f32(weights[slot] ?? 0))],
      workgroups: Math.ceil((rows * width) / 64),
    })),
    twin: () =>
      reference.weightedSum(
        weights,
        tensors.map((tensor) => tensor.host),
      ),
    backward: {
      keeps: [],
      gradients: (cotangent, needs) =>
        terms.flatMap(([weight, tensor]) => (needs(tensor) ? [[tensor, weightedSum([[weight, cotangent]])]] : [])),
    },
  });
}
