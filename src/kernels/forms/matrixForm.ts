import type { Device } from '../../tensor/device.js';
import type { FormTable } from '../../tensor/formTable.js';
import { type DType, FLOAT_TYPES, type FloatType } from '../../tensor/tensor.js';
import { MATRIX_SHAPES, productOverrides, productShape, productTile } from './matrixShapes.js';

/** Kernels with a form that multiplies by a card's own matrices; `half` is linear's that rounds its inputs. */
export const MATRIX_KERNELS = ['linear', 'half', 'attention', 'causalConv3d', 'conv2d'] as const;
export type MatrixKernel = (typeof MATRIX_KERNELS)[number];

/** By the table that a device and its plans share: kernels whose form is being checked there or has passed. */
const trusted = new WeakMap<FormTable, Set<MatrixKernel>>();

/** Lets a `matrix` form run on a device or takes it back; only `checkMatrixForm` knows whether it is right there. */
export function trustMatrixForm({ forms }: Device, kernel: MatrixKernel, isRight: boolean): void {
  const kernels = trusted.get(forms) ?? new Set();
  trusted.set(forms, kernels);
  if (isRight) kernels.add(kernel);
  else kernels.delete(kernel);
}

/** Whether a kernel's form was found right on a device; any kernel's where none is named. */
export function trustsMatrixForm({ forms }: Device, kernel?: MatrixKernel): boolean {
  const kernels = trusted.get(forms);
  return kernel ? (kernels?.has(kernel) ?? false) : kernels !== undefined && kernels.size > 0;
}

/** Weights that a device's matrix units take: those of f16 keep no f32. */
export function matrixWeights({ features }: Device): readonly FloatType[] {
  if (!features.matrices) return [];
  return features.matrices === 'f32' ? FLOAT_TYPES : ['bf16', 'f16'];
}

/** Whether a `matrix` form of `linear` may run: the device has such units, they were found right, the weight suits them. */
export function fitsMatrix(
  device: Device,
  dtype: DType,
  [outFeatures, inFeatures]: readonly number[],
  kernel: 'linear' | 'half' = 'linear',
): boolean {
  if (!trustsMatrixForm(device, kernel) || !matrixWeights(device).some((type) => type === dtype)) return false;
  if (device.features.matrices === 'f32') return kernel === 'linear' && inFeatures % 4 === 0;
  return inFeatures % 8 === 0 && outFeatures % 4 === 0 && halfShape(device, 1, kernel) !== undefined;
}

const halfShape = (device: Device, rows: number, kernel: 'linear' | 'half') =>
  productShape(device, rows <= 64 ? MATRIX_SHAPES.few : MATRIX_SHAPES[kernel], kernel === 'half' ? 1 : 2);

/** A `matrix` form of `linear` for the units that a device has. */
export function matrixForm(
  device: Device,
  rows: number,
  kernel: 'linear' | 'half' = 'linear',
): {
  readonly kernel: string;
  readonly tile: { readonly rows: number; readonly columns: number };
  readonly overrides: Readonly<Record<string, number>>;
  readonly fuses: boolean;
} {
  const { matrices, maxSubgroupSize } = device.features;
  const shape = matrices === 'f16' ? halfShape(device, rows, kernel) : undefined;
  if (!shape) {
    const tile = { rows: 64, columns: 64 };
    return { kernel: 'linear.matrix', tile, overrides: { SUBGROUP: maxSubgroupSize }, fuses: false };
  }
  const overrides = { ...productOverrides(device, shape), HALF: kernel === 'half' ? 1 : 0 };
  return { kernel: 'linear.matrixHalf', tile: productTile(shape), overrides, fuses: true };
}
