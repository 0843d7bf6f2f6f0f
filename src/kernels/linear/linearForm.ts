import type { Tensor } from '../../tensor/tensor.js';
import { chooseForm, type Form, subgroupSize } from '../forms/form.js';
import { fitsMatrix, matrixForm } from '../forms/matrixForm.js';

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

/** Rows decide how much of a tile is used, and how often a weight is. */
const sizeClass = (rows: number): string =>
  rows <= FEW_ROWS ? `up to ${FEW_ROWS} rows` : rows <= 64 ? 'up to 64 rows' : 'more rows';

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
  const form = chooseForm(device, { kernel: 'linear', type: weight.dtype, size: sizeClass(rows) }, fits, wanted);
  const fused = { fuses: true, rereads: [] };
  if (form === 'matrix' || form === 'half') {
    const chosen = matrixForm(device, rows, form === 'half' ? 'half' : 'linear');
    if (chosen.kernel !== 'linear.matrixHalf') return { ...chosen, rereads: [] };
    const X_TYPE = x.dtype === 'f16' ? 2 : 0;
    return { ...chosen, overrides: { ...chosen.overrides, X_TYPE }, rereads: [] };
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
