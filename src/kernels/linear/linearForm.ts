import type { Device } from '../../tensor/device.js';
import { type DType, FLOAT_TYPES, type FloatType, type Tensor } from '../../tensor/tensor.js';
import { chooseForm, classOf, type Form, type KernelClasses, subgroupSize } from '../forms/form.js';
import {
  isTrusted,
  type ProductShape,
  productOverrides,
  productShape,
  productTile,
  shapesFor,
} from '../forms/matrixForm.js';

/** How `linear` launches a problem. */
export interface LinearForm {
  readonly kernel: string;
  /** What a workgroup makes. */
  readonly tile: { readonly rows: number; readonly columns: number };
  readonly overrides: Readonly<Record<string, number>>;
  /** Whether the kernel can go on with what follows the products. */
  readonly fuses: boolean;
  /** What is bound a second time, as another type. */
  readonly rereads: readonly Tensor[];
}

/** Rows up to which a tile of 64, also that of matrices, is mostly empty; `linear.few` then makes 8 at a time. */
const FEW_ROWS = 16;

/** Most rows of a processor's tile: the code of the loop over k just fits its instruction cache. */
const TILE_ROWS = 32;

/** Rows that fill half of a large tile of matrices at most. */
const HALF_TILE = 64;

/** Rows decide how much of a tile is used, and how often a weight is. */
export const LINEAR_CLASSES = {
  kernel: 'linear',
  types: FLOAT_TYPES,
  sizes: { 'up to 16 rows': FEW_ROWS, 'up to 64 rows': HALF_TILE, 'more rows': Number.POSITIVE_INFINITY },
} as const satisfies KernelClasses;

/** Of tiles of matrices, also of those whose inputs are rounded. */
const SHAPES: Readonly<Record<'many' | 'few', readonly ProductShape[]>> = {
  many: [
    { down: 2, along: 2, rows: 4, columns: 4, step: 4, buffers: 1 },
    { down: 2, along: 2, rows: 2, columns: 2, step: 4, buffers: 1 },
  ],
  few: [{ down: 2, along: 2, rows: 2, columns: 2, step: 4, buffers: 1 }],
};

/**
 * The form for a problem.
 * @param wanted a form in the place of any choice
 * @throws TokenTrimError where the form that is wanted cannot be used
 */
export function linearForm(x: Tensor, weight: Tensor, wanted?: Form): LinearForm {
  const { device } = x;
  const [rows, inFeatures] = x.shape;
  const [outFeatures] = weight.shape;
  const inFours = inFeatures % 4 === 0;
  const isForced = [wanted, device.forms.forced].some((form) => form === 'matrix' || form === 'half');
  const fits = {
    subgroup: inFours && outFeatures % 4 === 0 && subgroupSize(device) > 0,
    tiled: inFours,
    matrix: x.dtype === 'f32' && fitsMatrix(device, weight.dtype, weight.shape) && (rows > FEW_ROWS || isForced),
    half: fitsMatrix(device, weight.dtype, weight.shape, 'half') && (rows > FEW_ROWS || isForced),
  };
  const form = chooseForm(device, classOf(LINEAR_CLASSES, weight.dtype, rows), fits, wanted);
  const fused = { fuses: true, rereads: [] };
  if (form === 'matrix' || form === 'half') {
    const chosen = matrixForm(device, rows, form === 'half' ? 'half' : 'linear');
    if (chosen.kernel !== 'linear.matrixHalf') return chosen;
    const X_TYPE = x.dtype === 'f16' ? 2 : 0;
    return { ...chosen, overrides: { ...chosen.overrides, X_TYPE } };
  }
  if (form === 'tiled' && rows <= FEW_ROWS) {
    const tileRows = Math.ceil(rows / Math.ceil(rows / 8));
    return { ...fused, kernel: 'linear.few', tile: { rows: tileRows, columns: 4 }, overrides: { ROWS: tileRows } };
  }
  if (form === 'tiled') {
    return { ...fused, kernel: 'linear.tiled', tile: { rows: 64, columns: 64 }, overrides: {} };
  }
  if (form === 'plain') return { ...fused, kernel: 'linear', tile: { rows: 32, columns: 32 }, overrides: {} };
  const tileRows = evenTile(rows);
  const lanes = subgroupSize(device);
  return {
    kernel: 'linear.subgroup',
    tile: { rows: tileRows, columns: 4 * lanes },
    overrides: { SUBGROUP: lanes, ROWS: tileRows },
    fuses: true,
    rereads: [weight],
  };
}

/** Rows of a tile such that the last is nearly full: 30 and not 32 for 390 rows. Even, as each size compiles anew. */
function evenTile(rows: number): number {
  const fullest = Math.ceil(rows / Math.ceil(rows / TILE_ROWS));
  return fullest <= 8 ? fullest : 2 * Math.ceil(fullest / 2);
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
  if (!isTrusted(device, kernel) || !matrixWeights(device).some((type) => type === dtype)) return false;
  if (device.features.matrices === 'f32') return kernel === 'linear' && inFeatures % 4 === 0;
  return inFeatures % 8 === 0 && outFeatures % 4 === 0 && halfShape(device, 1, kernel) !== undefined;
}

function halfShape(device: Device, rows: number, kernel: 'linear' | 'half'): ProductShape | undefined {
  const shapes = rows <= HALF_TILE ? shapesFor(device, 'few', SHAPES.few) : shapesFor(device, kernel, SHAPES.many);
  return productShape(device, shapes, kernel === 'half' ? 1 : 2);
}

/** A `matrix` form of `linear` for the units that a device has. */
export function matrixForm(device: Device, rows: number, kernel: 'linear' | 'half' = 'linear'): LinearForm {
  const { matrices, maxSubgroupSize } = device.features;
  const shape = matrices === 'f16' ? halfShape(device, rows, kernel) : undefined;
  if (!shape) {
    const tile = { rows: 64, columns: 64 };
    return { kernel: 'linear.matrix', tile, overrides: { SUBGROUP: maxSubgroupSize }, fuses: false, rereads: [] };
  }
  const overrides = { ...productOverrides(device, shape), HALF: kernel === 'half' ? 1 : 0 };
  return { kernel: 'linear.matrixHalf', tile: productTile(shape), overrides, fuses: true, rereads: [] };
}
