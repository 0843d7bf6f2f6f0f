import type { Device } from '../../tensor/device.js';
import { TorchGenerator } from '../../tensor/random.js';
import type { Shape } from '../../tensor/shape.js';
import type { FloatType, Tensor } from '../../tensor/tensor.js';
import { attention } from '../attention/attention.js';
import { attentionGradient } from '../attention/attentionGradient.js';
import { causalConv3d } from '../convolution/causalConv3d.js';
import { conv2d } from '../convolution/conv2d.js';
import { cast } from '../elementwise/cast.js';
import { linear } from '../linear/linear.js';
import { matrixWeights } from '../linear/linearForm.js';
import { updateQuantizedRows } from '../rows/quantizedRows.js';
import { quantizedWords } from '../rows/quantizedWords.js';
import type { Form } from './form.js';
import type { MatrixKernel } from './matrixForm.js';

/** A small problem that a `matrix` form must solve as the twin does. */
export interface MatrixCheck {
  readonly run: (on: Device, form?: Form) => Tensor;
  /** What an element's difference may be at most, in units of `scaleOf` of its index. */
  readonly tolerance: number;
  readonly scaleOf: (index: number) => number;
}

/** What rows of x are multiplied by: the largest values are past what f16 holds. */
const ROW_SCALES = [1, 2 ** -3, 2 ** 14];

/**
 * Relative to the scale of a row, of results of about 1.
 * Measured with loops in the place of matrices (test/kernels/linearMatrix.test.ts): 1.5e-6 in f32, 7.6e-6 in f16, where
 * small values are rounded. Headroom for cards that cut off what they should round. Still caught: sums in f16, x in f16
 * without its lower part or with that flushed to zero (8e-4), any wrong index (1).
 */
const EXACT = 1e-4;

/**
 * Where inputs are rounded to f16, results of about 1.
 * Measured with loops in the place of matrices: 9.4e-4 for linear, 3.8e-4 for attention, 6.1e-4 for its gradient.
 * Headroom: 2x. Still caught: sums in f16 or bf16 in the place of f16 (4e-3 and more), any wrong index (1).
 */
const ROUNDED = 2e-3;

/** Problems of a kernel, each with more than one tile each way or with steps that are not full. */
export function matrixChecks(kernel: MatrixKernel, device: Device): MatrixCheck[] {
  const one = () => 1;
  switch (kernel) {
    case 'linear':
    case 'half': {
      const tolerance = kernel === 'half' ? ROUNDED : EXACT;
      return matrixWeights(device).flatMap((dtype) =>
        [140, 20].map((rows) => ({
          run: (on, form) => product(on, rows, dtype, form),
          tolerance,
          scaleOf: (index) => ROW_SCALES[Math.floor(index / 140) % ROW_SCALES.length],
        })),
      );
    }
    case 'attention':
      return (['f16', 'i8'] as const).map((type) => ({
        run: (on, form) => attended(on, type, form),
        tolerance: ROUNDED,
        scaleOf: one,
      }));
    case 'attentionGradient':
      return (['query', 'keys', 'values'] as const).map((variable) => ({
        run: (on, form) => differentiated(on, variable, form),
        tolerance: ROUNDED,
        scaleOf: () => SMALL,
      }));
    case 'causalConv3d':
      return PICTURES.map((size) => ({ run: (on, form) => convolved(on, size, form), tolerance: EXACT, scaleOf: one }));
    case 'conv2d':
      return PICTURES.map((size) => ({ run: (on, form) => enlarged(on, size, form), tolerance: EXACT, scaleOf: one }));
  }
}

function product(on: Device, rows: number, dtype: FloatType, form?: Form): Tensor {
  const [inFeatures, outFeatures] = [104, 140];
  const inputs = new Inputs(on);
  const x = inputs.values([rows, inFeatures]);
  x.forEach((value, index) => {
    x[index] = value * ROW_SCALES[Math.floor(index / inFeatures) % ROW_SCALES.length];
  });
  const weight = inputs.next([outFeatures, inFeatures], dtype, inFeatures ** -0.5);
  return linear(on.upload(x, [rows, inFeatures]), weight, inputs.next([outFeatures]), { form });
}

/** Own keys have scores far above those of the cache before them, so that exponents are raised on the way. */
function attended(on: Device, type: 'f16' | 'i8', form?: Form): Tensor {
  const [queries, heads, own] = [70, 2, 33];
  const width = heads * 128;
  const inputs = new Inputs(on);
  const query = inputs.values([queries, width]).map((value, index) => (index % 128 === 0 ? 1 : value));
  const far = inputs.values([own, width]).map((value, index) => (index % 128 === 0 ? 300 : value));
  const indices = (count: number, rowAt: (index: number) => number) =>
    on.upload(
      Uint32Array.from({ length: count }, (_, index) => rowAt(index)),
      [count],
    );
  const kept = () => {
    if (type === 'f16') return inputs.next([90, width], type);
    const table = on.zeros([90, quantizedWords(width, heads)], 'u32');
    updateQuantizedRows(
      table,
      indices(90, (row) => row),
      inputs.next([90, width]),
      heads,
    );
    return table;
  };
  const rows = indices(77, (index) => 89 - index);
  return attention(
    on.upload(query, [queries, width]),
    {
      cached: { keys: kept(), values: kept(), rows },
      own: { keys: cast(on.upload(far, [own, width]), 'f16'), values: inputs.next([own, width], 'f16') },
    },
    heads,
    { form },
  );
}

/** Gradients that f16 would not hold. */
const SMALL = 2 ** -20;

function differentiated(on: Device, variable: 'query' | 'keys' | 'values', form?: Form): Tensor {
  const [tokens, heads] = [70, 2];
  const shape = [tokens, heads * 128];
  const inputs = new Inputs(on);
  const own = { keys: inputs.next(shape, 'f16'), values: inputs.next(shape, 'f16') };
  const [query, cotangent] = [inputs.next(shape), inputs.next(shape, 'f32', SMALL)];
  const gradient = attentionGradient(query, { own }, heads, cotangent, { form });
  return variable === 'query' ? gradient.query : (gradient.own as { keys: Tensor; values: Tensor })[variable];
}

/** One has more than one tile each way, the other more channels than a step. */
const PICTURES = [
  { height: 12, width: 12, inChannels: 8, outChannels: 100 },
  { height: 4, width: 6, inChannels: 72, outChannels: 4 },
];
type Picture = (typeof PICTURES)[number];

function convolved(on: Device, { height, width, inChannels, outChannels }: Picture, form?: Form): Tensor {
  const inputs = new Inputs(on);
  const frame = () => inputs.next([1, height, width, inChannels], 'f16');
  const [x, older, newer] = [frame(), frame(), frame()];
  const weight = inputs.next([outChannels, 3, 3, 3, inChannels], 'bf16', (27 * inChannels) ** -0.5);
  return causalConv3d(x, [older, newer], weight, inputs.next([outChannels]), form);
}

function enlarged(on: Device, { height, width, inChannels, outChannels }: Picture, form?: Form): Tensor {
  const inputs = new Inputs(on);
  const x = inputs.next([1, height / 2, width / 2, inChannels], 'f16');
  const weight = inputs.next([outChannels, 3, 3, inChannels], 'f16', (9 * inChannels) ** -0.5);
  return conv2d(x, weight, inputs.next([outChannels]), { scale: 2, form });
}

/** Normal numbers, the same on every device. */
class Inputs {
  #random = new TorchGenerator(0);

  constructor(private readonly on: Device) {}

  values(shape: Shape): Float32Array {
    return this.#random.randn(shape.reduce((product, length) => product * length, 1));
  }

  next(shape: Shape, dtype: FloatType = 'f32', scale = 1): Tensor {
    const values = this.on.upload(
      this.values(shape).map((value) => value * scale),
      shape,
    );
    return dtype === 'f32' ? values : cast(values, dtype);
  }
}
