import { Tape } from '../../tensor/tape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { add } from '../elementwise/elementwise.js';

/** What a function gave, and the gradient of a number that depends on it with respect to what the function was given. */
export interface ValueAndGradient {
  readonly value: Tensor;
  /** f32, as `x` */
  readonly gradient: Tensor;
}

/**
 * The gradient of a number `loss(body(x))` with respect to `x`. Everything else that `body` reads is a constant.
 * @param x f32, any shape
 * @param body what is made of x, of ops that can be walked back: those of the DiT, and sums with weights
 * @param cotangentOf the gradient of the loss with respect to what `body` gave: f32 of its shape
 * @returns both tensors are the caller's to free
 */
export function gradientOf(
  x: Tensor,
  body: (x: Tensor) => Tensor,
  cotangentOf: (value: Tensor) => Tensor,
): ValueAndGradient {
  const { device } = x;
  return device.scope(() => {
    const tape = new Tape(device, add);
    try {
      const value = tape.record(x, body);
      const gradient = tape.walkBack(value, cotangentOf(value), x);
      return { value, gradient: gradient ?? device.zeros(x.shape) };
    } finally {
      tape.dispose();
    }
  });
}
