import type { Device } from '../tensor/device.js';

/** How a workgroup shares a product of f16 matrices among subgroups: `down` by `along` of them, `rows` by `columns` matrices each. */
export interface ProductShape {
  readonly down: number;
  readonly along: number;
  readonly rows: number;
  readonly columns: number;
  /** Eights of the inner dimension at a time. */
  readonly step: number;
  /** 1: the next step is fetched while one is multiplied. */
  readonly ahead: number;
}

/** How attention shares its queries among `subgroups`, in `blocks` of 16, and how many keys it fetches at a time. */
export interface AttentionTile {
  readonly subgroups: number;
  readonly blocks: number;
  readonly keys: number;
  /** 1: values are fetched along with keys. */
  readonly both: number;
}

/** Shapes by how well they are expected to do; the first that a device has the memory for is taken. */
export const MATRIX_SHAPES: {
  linear: readonly ProductShape[];
  half: readonly ProductShape[];
  /** Of both, for rows that fill half of a tile at most. */
  few: readonly ProductShape[];
  conv: readonly ProductShape[];
  attention: readonly AttentionTile[];
} = {
  linear: [
    { down: 2, along: 2, rows: 4, columns: 4, step: 4, ahead: 1 },
    { down: 2, along: 2, rows: 2, columns: 2, step: 4, ahead: 1 },
  ],
  half: [
    { down: 2, along: 2, rows: 4, columns: 4, step: 4, ahead: 1 },
    { down: 2, along: 2, rows: 2, columns: 2, step: 4, ahead: 1 },
  ],
  few: [{ down: 2, along: 2, rows: 2, columns: 2, step: 4, ahead: 1 }],
  conv: [
    { down: 2, along: 2, rows: 4, columns: 3, step: 4, ahead: 1 },
    { down: 2, along: 2, rows: 2, columns: 3, step: 4, ahead: 1 },
  ],
  attention: [
    { subgroups: 4, blocks: 1, keys: 64, both: 0 },
    { subgroups: 4, blocks: 1, keys: 32, both: 0 },
    { subgroups: 2, blocks: 1, keys: 32, both: 0 },
  ],
};

/** The constants of a kernel that multiplies in a shape. */
export function productOverrides(device: Device, { down, along, rows, columns, step, ahead }: ProductShape) {
  const [DOWN, ALONG, ROWS, COLUMNS, STEP, AHEAD] = [down, along, rows, columns, step, ahead];
  return { SUBGROUP: device.features.maxSubgroupSize, DOWN, ALONG, ROWS, COLUMNS, STEP, AHEAD };
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
    const cells = Math.max((copies * rows + columns) * (shape.step + 1), 64 * shape.down * shape.along * shape.columns);
    // The kernels keep up to 8 cells of each side in an invocation's registers.
    const lanes = shape.down * shape.along * device.features.maxSubgroupSize;
    const fetched = [(rows * shape.step) / lanes, Math.ceil((columns * shape.step) / lanes)];
    const isFetched = Number.isInteger(fetched[0]) && Math.max(...fetched) <= 8;
    return isFetched && fits(device, shape.down * shape.along, 16 * cells);
  });
}

export function attentionTile(device: Device): AttentionTile | undefined {
  return MATRIX_SHAPES.attention.find((tile) => {
    const { subgroups, blocks, keys, both } = tile;
    const queries = 16 * subgroups * blocks;
    const perRow = (subgroups * device.features.maxSubgroupSize) / queries;
    const part = keys / perRow / 4; // of a row of scores, in fours, a whole number of matrices
    if (perRow < 1 || part % 4 !== 0) return false;
    const cells = (1 + both) * keys * 17 + queries * perRow * (part + 1) + 64 * subgroups;
    return fits(device, subgroups, 16 * Math.max(cells, 17 * queries) + 4 * queries + 4);
  });
}

/** What every WebGPU device grants. */
const LEAST = { bytes: 16384, invocations: 256 };

function fits({ features }: Device, subgroups: number, bytes: number): boolean {
  const { workgroupBytes = LEAST.bytes, workgroupInvocations = LEAST.invocations } = features;
  return bytes <= workgroupBytes && subgroups * features.maxSubgroupSize <= workgroupInvocations;
}
