import { ensure } from '../../errors.js';
import { rowwise, typeCode, u32 } from '../../tensor/device.js';
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import * as reference from './firstNotFinite.twin.js';

const RUN_WORDS = 256;

/** How a tensor falls into rows that end with whole words, and their elements into runs of whole words. */
function runsOf({ shape, size, dtype }: Tensor) {
  const perWord = dtype === 'f32' ? 1 : 2;
  const width = size / (shape[0] ?? 1);
  const rows = shape.length > 1 && width % perWord === 0 ? shape[0] : 1;
  const elements = size / rows;
  const words = bytesOf(dtype, elements) / 4;
  return { rows, elements, words, runs: Math.ceil(words / RUN_WORDS), runElements: RUN_WORDS * perWord };
}

/**
 * Where a tensor holds NaN or infinity: little to read back of however much.
 * @param x of numbers, any shape
 * @returns [rows, runs] f32: for each run of 256 words which of its elements is the first that is no finite number, or -1
 */
export function firstNotFinite(x: Tensor): Tensor {
  ensure(x.dtype !== 'u32', 'firstNotFinite: expected a tensor of numbers, found one of indices (u32)');
  const { rows, elements, words, runs, runElements } = runsOf(x);
  return x.device.launch({
    kernel: 'firstNotFinite',
    reads: [x],
    output: [rows, runs],
    overrides: { X_TYPE: typeCode(x.dtype) },
    ...rowwise(rows, [0], (_, count) => ({
      params: [u32(count), u32(words), u32(runs), u32(elements)],
      workgroups: Math.ceil((count * runs) / 64),
    })),
    twin: () => reference.firstNotFinite(x.host.data, { rows, elements, runs, runElements }),
  });
}

/**
 * The index of the first element of `x` that is no finite number, counted over all of it.
 * @param found what `firstNotFinite(x)` holds
 */
export function firstIndex(x: Tensor, found: ArrayLike<number>): number | undefined {
  const { elements, runs, runElements } = runsOf(x);
  for (let run = 0; run < found.length; run++) {
    if (found[run] < 0) continue;
    return Math.floor(run / runs) * elements + (run % runs) * runElements + found[run];
  }
  return undefined;
}
