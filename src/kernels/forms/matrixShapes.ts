import type { Device } from '../../tensor/device.js';

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

/** How many subgroups of attention share keys, each with 16 queries. */
export interface AttentionTile {
  readonly subgroups: number;
  /** Buffers of the values: 2 spare a barrier. */
  readonly copies: number;
}

/** Shapes by how well they did on an H100, where two buffers were slower than one (docs/results); the first that a device has the memory for is taken. */
export const MATRIX_SHAPES: {
  linear: readonly ProductShape[];
  half: readonly ProductShape[];
  /** Of both, for rows that fill half of a tile at most. */
  few: readonly ProductShape[];
  conv: readonly ProductShape[];
  attention: readonly AttentionTile[];
} = {
  linear: [
    { down: 2, along: 2, rows: 4, columns: 4, step: 4, buffers: 1 },
    { down: 2, along: 2, rows: 2, columns: 2, step: 4, buffers: 1 },
  ],
  half: [
    { down: 2, along: 2, rows: 4, columns: 4, step: 4, buffers: 1 },
    { down: 2, along: 2, rows: 2, columns: 2, step: 4, buffers: 1 },
  ],
  few: [{ down: 2, along: 2, rows: 2, columns: 2, step: 4, buffers: 1 }],
  conv: [
    { down: 2, along: 2, rows: 4, columns: 3, step: 4, buffers: 1 },
    { down: 2, along: 2, rows: 2, columns: 3, step: 4, buffers: 1 },
  ],
  attention: [
    { subgroups: 8, copies: 1 },
    { subgroups: 4, copies: 1 },
  ],
};

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
    return isFetched && fits(device, shape.down * shape.along, 16 * cells);
  });
}

export function attentionTile(device: Device): AttentionTile | undefined {
  const lanes = device.features.maxSubgroupSize;
  return MATRIX_SHAPES.attention.find(({ subgroups, copies }) => {
    if (![32, 64].includes(lanes) || ![128, 256].includes(subgroups * lanes)) return false;
    const queries = 16 * subgroups;
    const cells = (1 + copies) * KEYS * 17 + queries * (9 + 5);
    return fits(device, subgroups, 16 * Math.max(cells, 17 * queries) + 4 * queries + 4);
  });
}

/** Of attention, at a time. */
const KEYS = 32;

/** What every WebGPU device grants. */
const LEAST = { bytes: 16384, invocations: 256 };

function fits({ features }: Device, subgroups: number, bytes: number): boolean {
  const { workgroupBytes = LEAST.bytes, workgroupInvocations = LEAST.invocations } = features;
  return bytes <= workgroupBytes && subgroups * features.maxSubgroupSize <= workgroupInvocations;
}
