import { ensure } from '../../errors.js';
import { type Backward, rowwise, u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './rope.twin.js';

/** The angles of a token grid, ready for the kernel. `models/wan/rope.ts` makes one for any frames. */
export interface RopeTable {
  /** f32 [entries, 2], (cos, sin) by frame, then by grid row, then by grid column */
  readonly entries: Tensor;
  readonly frames: number;
  readonly gridHeight: number;
  readonly gridWidth: number;
  /** Pairs of a head turned by frame, by grid row and by grid column; together headDim / 2. */
  readonly pairs: { readonly temporal: number; readonly height: number; readonly width: number };
}

/**
 * Rotates queries or keys by their position in the grid.
 * @param x [frames * gridHeight * gridWidth, heads * headDim], tokens frame by frame, row by row
 */
export function rope(x: Tensor, table: RopeTable, heads: number): Tensor {
  return launchRope(x, table, heads, {
    keeps: [table.entries],
    gradients: (cotangent) => [[x, ropeGradient(cotangent, table, heads)]],
  });
}

/** The gradient with respect to what `rope` was given, from that with respect to what it made: the rotation back. */
export function ropeGradient(cotangent: Tensor, table: RopeTable, heads: number): Tensor {
  return launchRope(cotangent, table, heads);
}

/** Turns forward where it is told how that is walked back, else back. */
function launchRope(x: Tensor, table: RopeTable, heads: number, backward?: Backward): Tensor {
  const { frames, gridHeight, gridWidth, pairs } = table;
  const { tokens, headDim } = checkTable('rope', x, table, heads);
  return x.device.launch({
    kernel: 'rope',
    reads: [x, table.entries],
    output: x.shape,
    overrides: { BACK: backward ? 0 : 1 },
    ...rowwise(tokens, [0], (first, count) => ({
      params: [
        u32(first),
        u32(count),
        u32(frames),
        u32(heads),
        u32(headDim / 2),
        u32(pairs.temporal),
        u32(pairs.height),
        u32(gridHeight),
        u32(gridWidth),
      ],
      workgroups: count,
    })),
    twin: () => (backward ? reference.rope : reference.ropeGradient)(x.host, table.entries.host, table, heads),
    backward,
  });
}

/**
 * The tokens that a table is for, and the components of each of their heads.
 * @throws TokenTrimError where it is not one for `x`
 */
export function checkTable(
  kernel: string,
  x: Tensor,
  { entries, frames, gridHeight, gridWidth, pairs }: RopeTable,
  heads: number,
): { tokens: number; headDim: number } {
  const headDim = 2 * (pairs.temporal + pairs.height + pairs.width);
  const tokens = frames * gridHeight * gridWidth;
  expectShape(x.shape, [tokens, heads * headDim], `${kernel}: x`);
  const entryCount = frames * pairs.temporal + gridHeight * pairs.height + gridWidth * pairs.width;
  ensure(entries.size === entryCount * 2, `${kernel}: the table needs ${entryCount} entries`);
  return { tokens, headDim };
}
