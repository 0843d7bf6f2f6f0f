import { ensure } from '../../errors.js';
import { type KernelCall, typeCode, u32 } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Form, subgroupSize } from '../forms/form.js';
import { subgroupOverrides } from '../forms/matrixForm.js';
import * as reference from './headProduct.twin.js';

/** Where the matrices of heads lie in a tensor: element (i, j) of a head's at start + head * headPitch + i * pitch + j. */
export interface Layout {
  readonly start: number;
  readonly headPitch: number;
  readonly pitch: number;
}

/** A matrix for each head. */
export interface HeadMatrices extends Layout {
  readonly tensor: Tensor;
  /** f32 [1], than which none of the tensor's values is larger: needed of both factors by `matrix`, but of one in f16. */
  readonly largest?: Tensor;
}

export interface HeadProductSizes {
  readonly heads: number;
  /** Of a product: [rows, columns], each a sum over `depth`. */
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Which of the factors is read as its transpose. */
  readonly transposed?: 'a' | 'b';
  /** Whether products are added to what is there. */
  readonly adds?: boolean;
}

export interface HeadProductOptions extends HeadProductSizes {
  /** u32: which rows of b are read, in order; as they lie where absent. */
  readonly listed?: Tensor;
  readonly form: Form;
}

/**
 * A product of two matrices for each head, in place: y = a · b, or a · bᵀ, or aᵀ · b.
 * @param a f32
 * @param b f32 or packed 16-bit
 */
export function updateHeadProducts(
  y: HeadMatrices,
  a: HeadMatrices,
  b: HeadMatrices,
  options: HeadProductOptions,
): void {
  const { heads, rows, columns, depth, transposed, adds, listed } = options;
  ensure(a.tensor.dtype === 'f32', () => `updateHeadProducts: a must be f32, found ${a.tensor.dtype}`);
  const sizes = [rows, columns, depth, heads];
  const pitches = [a, b, y].flatMap(({ start, headPitch, pitch }) => [start, headPitch, pitch]);
  const { kernel, workgroups, overrides, rereads } = launchOf(options, a, b);
  y.tensor.device.launch({
    kernel,
    reads: [a.tensor, b.tensor, listed ?? a.tensor, ...rereads],
    output: y.tensor,
    overrides: {
      ...overrides,
      B_TYPE: typeCode(b.tensor.dtype, 'updateHeadProducts: b'),
      TRANSPOSE_A: transposed === 'a' ? 1 : 0,
      TRANSPOSE_B: transposed === 'b' ? 1 : 0,
      HAS_LIST: listed ? 1 : 0,
      ADDS: adds ? 1 : 0,
    },
    operations: 2 * heads * rows * columns * depth,
    params: [...sizes, ...pitches].map(u32),
    workgroups,
    twin: () => {
      const { host } = y.tensor;
      const [left, right] = [a.tensor.host.data, b.tensor.host.data];
      reference.headProduct(host.data, left, right, { y, a, b }, options, listed?.hostIndices);
      return host;
    },
  });
}

type FormLaunch = Pick<KernelCall, 'kernel' | 'workgroups' | 'overrides'> & {
  /** What is bound beside the factors: one of them as another type, or how large they are. */
  readonly rereads: readonly Tensor[];
};

function launchOf({ form, heads, rows, columns }: HeadProductOptions, a: HeadMatrices, b: HeadMatrices): FormLaunch {
  const { device } = b.tensor;
  const tiles = (down: number, along: number) => heads * Math.ceil(rows / down) * Math.ceil(columns / along);
  if (form === 'subgroup') {
    const lanes = subgroupSize(device);
    return {
      kernel: 'headProduct.subgroup',
      overrides: { SUBGROUP: lanes },
      rereads: [b.tensor],
      workgroups: tiles(32, 4 * lanes),
    };
  }
  if (form === 'tiled') {
    return { kernel: 'headProduct.tiled', overrides: {}, rereads: [], workgroups: tiles(64, 64) };
  }
  if (form === 'matrix') {
    ensure(a.largest && (b.largest || b.tensor.dtype === 'f16'), 'updateHeadProducts: matrix needs the largest values');
    const rereads = [a.largest, b.largest ?? a.largest];
    return { kernel: 'headProduct.matrix', overrides: subgroupOverrides(device), rereads, workgroups: tiles(64, 64) };
  }
  return { kernel: 'headProduct', overrides: {}, rereads: [], workgroups: tiles(16, 16) };
}
