import { TokenTrimError } from '../errors.js';

/** Sizes of the axes, outermost first; data is row-major and contiguous everywhere in this project. */
export type Shape = readonly number[];

/** Number of elements of `shape`. */
export function elementCount(shape: Shape): number {
  return shape.reduce((count, size) => count * size, 1);
}

export function sameShape(left: Shape, right: Shape): boolean {
  return left.length === right.length && left.every((size, axis) => size === right[axis]);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Throws unless every size is a positive integer that a buffer can hold. */
export function checkShape(shape: Shape, what: string): void {
  if (!shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new TokenTrimError(`${what}: every size must be a positive integer, found ${formatShape(shape)}`);
  }
}

/**
 * Throws unless `actual` has the expected sizes; `'any'` accepts every size on that axis.
 * @param what the argument's name, for the message ("linear: weight")
 */
export function expectShape(actual: Shape, expected: readonly (number | 'any')[], what: string): void {
  const fits =
    actual.length === expected.length && expected.every((size, axis) => size === 'any' || size === actual[axis]);
  if (!fits) {
    const wanted = `[${expected.map((size) => (size === 'any' ? '?' : size)).join(', ')}]`;
    throw new TokenTrimError(`${what}: expected shape ${wanted}, found ${formatShape(actual)}`);
  }
}
