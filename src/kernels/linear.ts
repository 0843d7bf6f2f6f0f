import { TokenTrimError } from '../errors.js';
import { rowwise, u32 } from '../tensor/device.js';
import { expectShape } from '../tensor/shape.js';
import type { DType, Tensor } from '../tensor/tensor.js';
import * as reference from './reference/linear.js';
import { chooseVariant, subgroupSize, type Variant } from './variant.js';

/** How kernels that read several types name them: the `WEIGHT_TYPE` override and those like it. */
export function weightType(dtype: DType, what = 'weights'): number {
  const code = { f32: 0, bf16: 1, f16: 2, u32: -1 }[dtype];
  if (code < 0) throw new TokenTrimError(`${what} must be f32, bf16 or f16, found ${dtype}`);
  return code;
}

/**
 * `x · weightᵀ + bias`, as `torch.nn.Linear`.
 * @param x [rows, inFeatures]
 * @param weight [outFeatures, inFeatures], f32 or packed 16-bit
 * @param bias [outFeatures]
 * @param variant the form of the kernel, for tests; the best for the device where absent
 * @returns [rows, outFeatures]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor, variant?: Variant): Tensor {
  expectShape(x.shape, ['any', 'any'], 'linear: x');
  const [rows, inFeatures] = x.shape;
  expectShape(weight.shape, ['any', inFeatures], 'linear: weight');
  const outFeatures = weight.shape[0];
  if (bias) expectShape(bias.shape, [outFeatures], 'linear: bias');
  const { kernel, tile, overrides } = formOf(x, weight, variant);
  return x.device.launch({
    kernel,
    reads: [x, weight, bias ?? x],
    output: [rows, outFeatures],
    overrides: { ...overrides, WEIGHT_TYPE: weightType(weight.dtype), HAS_BIAS: bias ? 1 : 0 },
    ...rowwise(rows, [0], (_, count) => ({
      params: [u32(count), u32(inFeatures), u32(outFeatures)],
      workgroups: Math.ceil(count / tile.rows) * Math.ceil(outFeatures / tile.columns),
    })),
    twin: () => reference.linear(x.host, weight.host, bias?.host),
  });
}

/** Products from which on larger tiles, which take twice as long to compile, are worth it. */
const LARGE = 2 ** 25;

/** Rows past which most of a tile of 64 is of use. */
const MANY_ROWS = 16;

/** Rows decide how much of a tile is used, and how often a weight is. */
const sizeClass = (rows: number): string =>
  rows <= MANY_ROWS ? `up to ${MANY_ROWS} rows` : rows <= 64 ? 'up to 64 rows' : 'more rows';

interface Form {
  readonly kernel: string;
  /** What a workgroup makes. */
  readonly tile: { readonly rows: number; readonly columns: number };
  readonly overrides: Readonly<Record<string, number>>;
}

function formOf(x: Tensor, weight: Tensor, wanted?: Variant): Form {
  const [rows, inFeatures] = x.shape;
  const [outFeatures] = weight.shape;
  const inFours = inFeatures % 4 === 0;
  const fits = {
    subgroup: inFours && outFeatures % 4 === 0 && subgroupSize(x.device) > 0,
    tiled: inFours && (rows > MANY_ROWS || wanted === 'tiled' || x.device.variants.forced === 'tiled'),
  };
  const variant = chooseVariant(
    x.device,
    { kernel: 'linear', type: weight.dtype, size: sizeClass(rows) },
    fits,
    wanted,
  );
  if (variant === 'plain') return { kernel: 'linear', tile: { rows: 32, columns: 32 }, overrides: {} };
  if (variant === 'tiled') return { kernel: 'linear.tiled', tile: { rows: 64, columns: 64 }, overrides: {} };
  const groups = rows <= 8 ? 1 : rows <= 16 || rows * inFeatures * outFeatures < LARGE ? 2 : 4;
  const lanes = subgroupSize(x.device);
  return {
    kernel: 'linear.subgroup',
    tile: { rows: 8 * groups, columns: 4 * lanes },
    overrides: { SUBGROUP: lanes, GROUPS: groups },
  };
}
