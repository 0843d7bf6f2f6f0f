import type { Toucher } from './accesses.js';
import type { Memory } from './memory.js';
import { numbers } from './numbers.js';

/** A matrix that a subgroup holds together, by rows; it is never changed. */
export interface SubgroupMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly isHalf: boolean;
  readonly values: Float32Array;
}

/** Where a matrix lies in memory: line after line, each a row or a column. */
export interface MatrixPlace {
  readonly memory: Memory;
  /** Of its first component, and from one line to the next, in bytes. */
  readonly offset: number;
  readonly stride: number;
  readonly isColumnMajor: boolean;
}

export function filledMatrix(rows: number, columns: number, isHalf: boolean, value = 0): SubgroupMatrix {
  return { rows, columns, isHalf, values: new Float32Array(rows * columns).fill(value) };
}

export function loadMatrix(
  by: Toucher,
  place: MatrixPlace,
  { rows, columns, isHalf }: Pick<SubgroupMatrix, 'rows' | 'columns' | 'isHalf'>,
  line: number,
): SubgroupMatrix {
  const matrix = filledMatrix(rows, columns, isHalf);
  for (let index = 0; index < rows * columns; index++) {
    matrix.values[index] = place.memory.component(by, byteOf(place, matrix, index), isHalf, line);
  }
  return matrix;
}

export function storeMatrix(by: Toucher, place: MatrixPlace, matrix: SubgroupMatrix, line: number): void {
  matrix.values.forEach((value, index) => {
    place.memory.setComponent(by, byteOf(place, matrix, index), matrix.isHalf, line, value);
  });
}

/** left · right + sum: products and sums in f32 in the order of the inner dimension, rounded to the sum's type. */
export function multiplyAccumulate(left: SubgroupMatrix, right: SubgroupMatrix, sum: SubgroupMatrix): SubgroupMatrix {
  const result = filledMatrix(sum.rows, sum.columns, sum.isHalf);
  for (let row = 0; row < sum.rows; row++) {
    for (let column = 0; column < sum.columns; column++) {
      let total = sum.values[row * sum.columns + column];
      for (let k = 0; k < left.columns; k++) {
        const product = left.values[row * left.columns + k] * right.values[k * right.columns + column];
        total = Math.fround(total + Math.fround(product));
      }
      result.values[row * sum.columns + column] = sum.isHalf ? numbers.half(total) : total;
    }
  }
  return result;
}

function byteOf({ offset, stride, isColumnMajor }: MatrixPlace, matrix: SubgroupMatrix, index: number): number {
  const row = Math.floor(index / matrix.columns);
  const column = index % matrix.columns;
  const [line, along] = isColumnMajor ? [column, row] : [row, column];
  return offset + line * stride + along * (matrix.isHalf ? 2 : 4);
}
