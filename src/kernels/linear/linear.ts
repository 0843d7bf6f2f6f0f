import { ensure } from '../../errors.js';
import { type KernelCall, rowwise, typeCode, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { add, gelu } from '../elementwise/elementwise.js';
import type { Form } from '../forms/form.js';
import { gatedResidualGradient } from '../modulation/gatedResidualGradient.js';
import { gatedResidual } from '../modulation/modulation.js';
import * as reference from './linear.twin.js';
import { type LinearForm, linearForm } from './linearForm.js';
import { transpose } from './transpose.js';

/** What the products are added to: `to + result`, or with a gate `to + result * gate`, as `gatedResidual`. */
export interface Residual {
  /** [rows, outFeatures] */
  readonly to: Tensor;
  /** A chunk of `modulation` [frames, chunks, outFeatures], the gate of the rows of its frame. */
  readonly gate?: { readonly modulation: Tensor; readonly chunk: number };
}

/** What is done in the same pass to `x · weightᵀ + bias`, in this order. */
export interface LinearOptions {
  /** The tanh form, as `gelu`. */
  readonly gelu?: boolean;
  readonly residual?: Residual;
  /** The form of the kernel, for tests; the best for the device where absent. */
  readonly form?: Form;
}

/**
 * `x · weightᵀ + bias`, as `torch.nn.Linear`, and what `options` adds to it.
 * @param x [rows, inFeatures]
 * @param weight [outFeatures, inFeatures], f32 or packed 16-bit
 * @param bias [outFeatures]
 * @returns [rows, outFeatures]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor, options: LinearOptions = {}): Tensor {
  expectShape(x.shape, ['any', 'any'], 'linear: x');
  const [rows, inFeatures] = x.shape;
  expectShape(weight.shape, ['any', inFeatures], 'linear: weight');
  if (bias) expectShape(bias.shape, [weight.shape[0]], 'linear: bias');
  checkResidual(options.residual, rows, weight.shape[0]);
  const chosen = linearForm(x, weight, options.form);
  if (chosen.fuses) return launch(chosen, x, weight, bias, options);
  return x.device.scope(() => {
    const product = launch(chosen, x, weight, bias, {});
    return added(options.gelu ? gelu(product) : product, options.residual);
  });
}

/**
 * The gradient with respect to `x` of `linear(x, weight, bias)`, from that with respect to its result: `cotangent · weight`.
 * The weight is transposed for the moment, so that every form serves on the way back too.
 * @param cotangent [rows, outFeatures]
 * @param weight [outFeatures, inFeatures], f32 or packed 16-bit
 * @returns [rows, inFeatures]
 */
export function linearGradient(cotangent: Tensor, weight: Tensor): Tensor {
  return cotangent.device.scope(() => linear(cotangent, transpose(weight)));
}

/** The residual as a pass of its own, where nothing could be added in the pass before. */
export function added(branch: Tensor, residual?: Residual): Tensor {
  if (!residual) return branch;
  const { to, gate } = residual;
  return gate ? gatedResidual(to, branch, gate.modulation, gate.chunk) : add(to, branch);
}

function launch(
  chosen: LinearForm,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: LinearOptions,
): Tensor {
  const [rows, inFeatures] = x.shape;
  const [outFeatures] = weight.shape;
  const { residual } = options;
  const gate = residual?.gate;
  const [frames, chunks] = gate?.modulation.shape ?? [1, 1];
  const ends = {
    GELU: options.gelu ? 1 : 0,
    RESIDUAL: gate ? 2 : residual ? 1 : 0,
  };
  return x.device.launch({
    kernel: chosen.kernel,
    reads: [
      x,
      weight,
      bias ?? x,
      ...(chosen.fuses ? [residual?.to ?? x, gate?.modulation ?? x] : []),
      ...chosen.rereads,
    ],
    output: [rows, outFeatures],
    overrides: {
      ...chosen.overrides,
      WEIGHT_TYPE: typeCode(weight.dtype),
      HAS_BIAS: bias ? 1 : 0,
      ...(chosen.fuses ? ends : {}),
    },
    operations: 2 * rows * inFeatures * outFeatures,
    ...rowwise(rows, residual ? [0, 3] : [0], (first, count) => {
      const frame = [u32(gate ? first : 0), u32(rows / frames), u32(chunks), u32(gate?.chunk ?? 0)];
      return {
        params: [u32(count), u32(inFeatures), u32(outFeatures), ...(chosen.fuses ? frame : [])],
        workgroups: Math.ceil(count / chosen.tile.rows) * Math.ceil(outFeatures / chosen.tile.columns),
      };
    }),
    twin: () =>
      reference.linear(x.host, weight.host, bias?.host, {
        gelu: options.gelu,
        residual: residual && {
          to: residual.to.host,
          gate: gate && { modulation: gate.modulation.host, chunk: gate.chunk },
        },
      }),
    backward: backwardOf(x, weight, bias, options),
  });
}

/** The gradient of a gelu needs what goes into it, so that the launch is recorded in steps. */
function backwardOf(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { gelu: hasGelu, residual, form }: LinearOptions,
): KernelCall['backward'] {
  if (hasGelu) return { inSteps: () => added(gelu(linear(x, weight, bias, { form })), residual) };
  const gate = residual?.gate;
  return {
    keeps: gate ? [weight, gate.modulation] : [weight],
    gradients: (cotangent, needs) => {
      const branch = gate ? gatedResidualGradient(cotangent, gate.modulation, gate.chunk) : cotangent;
      return [
        ...(residual ? [[residual.to, cotangent] as const] : []),
        ...(needs(x) ? [[x, linearGradient(branch, weight)] as const] : []),
      ];
    },
  };
}

function checkResidual(residual: Residual | undefined, rows: number, outFeatures: number): void {
  if (!residual) return;
  expectShape(residual.to.shape, [rows, outFeatures], 'linear: residual');
  if (!residual.gate) return;
  const {
    chunk,
    modulation: { shape },
  } = residual.gate;
  expectShape(shape, ['any', 'any', outFeatures], 'linear: modulation');
  ensure(chunk < shape[1], () => `linear: modulation: expected more than ${chunk} chunks, found ${shape[1]}`);
  expectShape([rows], [Math.round(rows / shape[0]) * shape[0]], 'linear: rows by frame');
}
