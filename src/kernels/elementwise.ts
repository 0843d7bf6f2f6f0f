import { u32 } from '../tensor/device.js';
import { expectShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import * as reference from './reference/elementwise.js';

/** `a + b`, same shapes. */
export const add = (a: Tensor, b: Tensor): Tensor => launchElementwise('add', a, b);

/** `a * b`, same shapes. */
export const multiply = (a: Tensor, b: Tensor): Tensor => launchElementwise('multiply', a, b);

/** GELU in its tanh form, the one that Wan and T5 use; the erf form differs by up to 5e-4. */
export const gelu = (a: Tensor): Tensor => launchElementwise('gelu', a, a);

/** `a * sigmoid(a)`. */
export const silu = (a: Tensor): Tensor => launchElementwise('silu', a, a);

const OPERATIONS = { add: 0, multiply: 1, gelu: 2, silu: 3 } as const;

function launchElementwise(operation: keyof typeof OPERATIONS, a: Tensor, b: Tensor): Tensor {
  expectShape(b.shape, a.shape, `${operation}: second input`);
  return a.device.launch({
    kernel: 'elementwise',
    reads: [a, b],
    output: a.shape,
    params: [u32(a.size)],
    overrides: { OPERATION: OPERATIONS[operation] },
    workgroups: Math.ceil(a.size / 64),
    twin: () => reference[operation](a.host, b.host),
  });
}
