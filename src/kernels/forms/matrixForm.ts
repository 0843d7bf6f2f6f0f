import type { Device } from '../../tensor/device.js';

/** Kernels with a form that multiplies by a card's own matrices; `half` is linear's that rounds its inputs. */
export const MATRIX_KERNELS = ['linear', 'half', 'attention', 'attentionGradient', 'causalConv3d', 'conv2d'] as const;
export type MatrixKernel = (typeof MATRIX_KERNELS)[number];

/** Whether a kernel's form was found right on a device (`checkMatrixForm`), without which it fits nothing. */
export function isTrusted({ forms }: Device, kernel: MatrixKernel): boolean {
  return forms.trusted.has(kernel);
}

/** How a workgroup shares a product of f16 matrices among subgroups: `down` by `along` of them, `rows` by `columns` matrices each. */
export interface ProductShape {
  readonly down: number;
  readonly along: number;
  readonly rows: number;
  readonly columns: number;
  /** Eights of the inner dimension at a time. */
  readonly step: number;
  /** Of what a step multiplies. With 2 a step is kept while the one before is multiplied. */
  readonly buffers: number;
}

/**
 * What a kernel tries: its own shapes, unless others are given for the device. The first that a device has the memory for is
 * taken, so a kernel's own stand in the order of how well they did on an H100, where two buffers were slower than one
 * (docs/results).
 */
export function shapesFor<Shape>({ forms }: Device, kernel: string, own: readonly Shape[]): readonly Shape[] {
  return (forms.shapes.get(kernel) as readonly Shape[] | undefined) ?? own;
}

/** The constants of a kernel that multiplies in a shape. */
export function productOverrides(device: Device, { down, along, rows, columns, step, buffers }: ProductShape) {
  const [DOWN, ALONG, ROWS, COLUMNS, STEP, BUFFERS] = [down, along, rows, columns, step, buffers];
  return { ...subgroupOverrides(device), DOWN, ALONG, ROWS, COLUMNS, STEP, BUFFERS };
}

/** Where all subgroups are of one size, none is without matrices to multiply. */
export function subgroupOverrides({ features: { minSubgroupSize, maxSubgroupSize } }: Device) {
  return { SUBGROUP: maxSubgroupSize, EVEN: minSubgroupSize === maxSubgroupSize ? 1 : 0 };
}

/** What a workgroup makes of a product. */
export function productTile({ down, along, rows, columns }: ProductShape): { rows: number; columns: number } {
  return { rows: 16 * down * rows, columns: 16 * along * columns };
}

/** @param copies how often the left matrices lie in memory */
export function productShape(
  device: Device,
  shapes: readonly ProductShape[],
  copies: number,
): ProductShape | undefined {
  return shapes.find((shape) => {
    const { rows, columns } = productTile(shape);
    const buffered = shape.buffers * (copies * rows + columns) * (shape.step + 1);
    const cells = Math.max(buffered, 64 * shape.down * shape.along * shape.columns);
    // An invocation keeps up to 4 cells of each side in registers.
    const lanes = shape.down * shape.along * device.features.maxSubgroupSize;
    const isFetched = [1, 2, 3, 4].includes((rows * shape.step) / lanes) && columns * shape.step <= 4 * lanes;
    return isFetched && fitsWorkgroup(device, shape.down * shape.along, 16 * cells);
  });
}

/** What every WebGPU device grants. */
const LEAST = { bytes: 16384, invocations: 256 };

/** Whether a workgroup may have so many of the largest subgroups, and so much memory. */
export function fitsWorkgroup({ features }: Device, subgroups: number, bytes: number): boolean {
  const { workgroupBytes = LEAST.bytes, workgroupInvocations = LEAST.invocations } = features;
  return bytes <= workgroupBytes && subgroups * features.maxSubgroupSize <= workgroupInvocations;
}
