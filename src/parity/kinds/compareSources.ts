import { quote } from '../../weights/quote.js';
import type { TensorSource } from '../../weights/tensorSource.js';

/**
 * What differs between a source and the expected one: names, dtypes, shapes, and the values bit for bit, read whole and,
 * for tensors of more than one row, row by row from the middle.
 *
 * @param rename applied to the names of `actual` before they are compared
 */
export async function differencesOf(
  actual: TensorSource,
  expected: TensorSource,
  rename: (name: string) => string = (name) => name,
): Promise<string[]> {
  const differences: string[] = [];
  const missing = new Set(expected.names());
  for (const original of actual.names()) {
    const name = rename(original);
    if (!missing.delete(name)) differences.push(`${quote(name)} is not expected`);
    else {
      const difference = await differenceOf(actual, original, expected, name);
      if (difference) differences.push(`${quote(name)}: ${difference}`);
    }
  }
  for (const name of missing) differences.push(`${quote(name)} is missing`);
  return differences;
}

async function differenceOf(
  actual: TensorSource,
  original: string,
  expected: TensorSource,
  name: string,
): Promise<string | undefined> {
  const [found, wanted] = [describe(actual, original), describe(expected, name)];
  if (found !== wanted) return `${found}, expected ${wanted}`;
  const [left, right] = [await actual.read(original), await expected.read(name)];
  const at = firstDifference(left, right);
  if (at !== undefined)
    return `byte ${at} of ${left.length} is ${left[at]}, expected ${right[at]} (of ${right.length})`;
  const [rows = 0] = expected.info(name).shape;
  const middle = Math.floor(rows / 2);
  if (rows < 2) return undefined;
  const lower = await actual.readRows(original, middle, rows - middle);
  const bytes = right.subarray((right.length / rows) * middle);
  return firstDifference(lower, bytes) === undefined ? undefined : `rows from ${middle} on differ when read alone`;
}

function describe(source: TensorSource, name: string): string {
  const { dtype, shape } = source.info(name);
  return `${dtype} [${shape.join(', ')}]`;
}

function firstDifference(left: Uint8Array, right: Uint8Array): number | undefined {
  if (Buffer.compare(left, right) === 0) return undefined;
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) if (left[index] !== right[index]) return index;
  return shorter;
}
