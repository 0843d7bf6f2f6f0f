import ndarray, { type NdArray } from 'ndarray';

/** Float64 twin of `transpose.wgsl`: x [rows, columns]. */
export function transpose(x: NdArray<Float64Array>): NdArray<Float64Array> {
  const [rows, columns] = x.shape;
  const y = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) y[column * rows + row] = x.data[row * columns + column];
  }
  return ndarray(y, [columns, rows]);
}
