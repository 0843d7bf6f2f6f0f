import type { Device } from '../tensor/device.js';
import { type DType, FLOAT_TYPES, type FloatType } from '../tensor/tensor.js';
import type { VariantTable } from '../tensor/variantTable.js';

/** Devices, by the table that their plans share, on which the `matrix` form is being checked or has passed. */
const trusted = new WeakSet<VariantTable>();

/** Lets the `matrix` form run on a device or takes it back; only `checkMatrixForm` knows whether it is right there. */
export function trustMatrixForm({ variants }: Device, isRight: boolean): void {
  if (isRight) trusted.add(variants);
  else trusted.delete(variants);
}

/** Whether the `matrix` form may run on a device. */
export function trustsMatrixForm({ variants }: Device): boolean {
  return trusted.has(variants);
}

/** Weights that a device's matrix units take: those of f16 keep no f32. */
export function matrixWeights({ features }: Device): readonly FloatType[] {
  if (!features.matrices) return [];
  return features.matrices === 'f32' ? FLOAT_TYPES : ['bf16', 'f16'];
}

/** Whether the `matrix` form of `linear` may run: the device has such units, they were found right, the weight suits them. */
export function fitsMatrix(device: Device, dtype: DType, inFeatures: number): boolean {
  return inFeatures % 4 === 0 && trustsMatrixForm(device) && matrixWeights(device).some((type) => type === dtype);
}

/** The `matrix` form of `linear` for the units that a device has. */
export function matrixForm({ features: { matrices, maxSubgroupSize } }: Device): {
  readonly kernel: string;
  readonly tile: { readonly rows: number; readonly columns: number };
  readonly overrides: Readonly<Record<string, number>>;
} {
  return {
    kernel: matrices === 'f16' ? 'linear.matrixHalf' : 'linear.matrix',
    tile: { rows: 64, columns: 64 },
    overrides: { SUBGROUP: maxSubgroupSize },
  };
}
