import type { Device } from '../../tensor/device.js';
import type { DType } from '../../tensor/tensor.js';
import { trustsMatrixForm } from '../forms/matrixForm.js';
import { type AttentionTile, attentionTile, subgroupOverrides } from '../forms/matrixShapes.js';

/** The width of a head that the form is written for: that of every Wan2.1. */
const HEAD_DIM = 128;

/** Whether attention may run on a device's own matrices. They round keys and values that are not in 16 bits already. */
export function fitsMatrixAttention(device: Device, headDim: number, context?: { keys: { dtype: DType } }): boolean {
  const isNarrow = context !== undefined && context.keys.dtype !== 'f32';
  return (
    headDim === HEAD_DIM && isNarrow && trustsMatrixForm(device, 'attention') && attentionTile(device) !== undefined
  );
}

/** How the form is launched. */
export function matrixAttention(device: Device, { subgroups, copies }: AttentionTile) {
  return {
    kernel: 'attention.matrix',
    overrides: { ...subgroupOverrides(device), SUBGROUPS: subgroups, COPIES: copies },
    queries: 16 * subgroups,
  };
}
