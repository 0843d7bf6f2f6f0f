import type { HeadProductSizes, Layout } from './headProduct.js';

/**
 * Float64 twin of `headProduct.wgsl`, `headProduct.subgroup.wgsl`, `headProduct.tiled.wgsl` and `headProduct.matrix.wgsl`: y = a · b, a · bᵀ or
 * aᵀ · b for each head, in place; `listed` are the rows of b in order, all of them where absent.
 */
export function headProduct(
  y: Float64Array,
  a: Float64Array,
  b: Float64Array,
  layouts: { y: Layout; a: Layout; b: Layout },
  { heads, rows, columns, depth, transposed, adds }: HeadProductSizes,
  listed?: Uint32Array,
): void {
  const at = ({ start, headPitch, pitch }: Layout, head: number, i: number, j: number) =>
    start + head * headPitch + i * pitch + j;
  const rowOfB = (row: number) => (listed ? listed[row] : row);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const to = at(layouts.y, head, row, column);
        let sum = adds ? y[to] : 0;
        for (let k = 0; k < depth; k++) {
          const left = transposed === 'a' ? at(layouts.a, head, k, row) : at(layouts.a, head, row, k);
          const right =
            transposed === 'b' ? at(layouts.b, head, rowOfB(column), k) : at(layouts.b, head, rowOfB(k), column);
          sum += a[left] * b[right];
        }
        y[to] = sum;
      }
    }
  }
}
