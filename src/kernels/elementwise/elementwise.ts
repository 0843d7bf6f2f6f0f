import { type Backward, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './elementwise.twin.js';

/** `a + b`, same shapes. */
export const add = (a: Tensor, b: Tensor): Tensor =>
  launchElementwise('add', a, b, {
    keeps: [],
    gradients: (cotangent) => [
      [a, cotangent],
      [b, cotangent],
    ],
  });

/** `a * b`, same shapes. */
export const multiply = (a: Tensor, b: Tensor): Tensor => launchElementwise('multiply', a, b);

/** GELU in its tanh form, the one that Wan and T5 use; the erf form differs by up to 5e-4. */
export const gelu = (a: Tensor): Tensor =>
  launchElementwise('gelu', a, a, { keeps: [a], gradients: (cotangent) => [[a, geluGradient(a, cotangent)]] });

/** The gradient with respect to `a`, from that with respect to `gelu(a)`. */
export const geluGradient = (a: Tensor, cotangent: Tensor): Tensor => launchElementwise('geluGradient', a, cotangent);

/** `a * sigmoid(a)`. */
export const silu = (a: Tensor): Tensor => launchElementwise('silu', a, a);

/** `3 tanh(a / 3)`: values of a few stay about what they are, larger ones end at 3. */
export const softClamp = (a: Tensor): Tensor => launchElementwise('softClamp', a, a);

const OPERATIONS = {
  add: { code: 0, twin: reference.add },
  multiply: { code: 1, twin: reference.multiply },
  gelu: { code: 2, twin: reference.gelu },
  silu: { code: 3, twin: reference.silu },
  softClamp: { code: 4, twin: reference.softClamp },
  geluGradient: { code: 5, twin: reference.geluGradient },
} as const;

function launchElementwise(operation: keyof typeof OPERATIONS, a: Tensor, b: Tensor, backward?: Backward): Tensor {
  expectShape(b.shape, a.shape, `${operation}: second input`);
  const width = a.shape[a.shape.length - 1] ?? 1;
  // Not a choice to measure: it is the same work in fewer loads.
  const byFours = width % 4 === 0 && a.device.forms.forced !== 'plain';
  const [kernel, together, perWorkgroup] = byFours ? ['elementwise.vec4', 4, 1024] : ['elementwise', 1, 64];
  return a.device.launch({
    kernel,
    reads: [a, b],
    output: a.shape,
    overrides: { OPERATION: OPERATIONS[operation].code },
    ...rowwise(a.size / width, [0, 1], (_, rows) => ({
      params: [u32((rows * width) / together)],
      workgroups: Math.ceil((rows * width) / together / perWorkgroup),
    })),
    twin: () => OPERATIONS[operation].twin(a.host, b.host),
    backward,
  });
}
