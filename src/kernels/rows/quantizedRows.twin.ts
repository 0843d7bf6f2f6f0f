import ndarray, { type NdArray } from 'ndarray';
import { ensure } from '../../errors.js';
import { quantizedWords } from './quantizedWords.js';

type Values = NdArray<Float64Array>;

/** What the largest of a row and head is divided by, as a float32 factor. */
const SHARE = Math.fround(1 / 127);

/** Values below this are held as zeros: their scale would leave what float32 holds with all its bits. */
const LEAST = 2 ** -100;

/** The step between neighbours: the largest absolute value over 127 with 16 significant bits, rounded up. */
function scaleOf(largest: number): number {
  if (largest < LEAST) return 0;
  const words = new Uint32Array(Float32Array.of(largest * SHARE).buffer);
  words[0] = (words[0] + 0xff) & 0xffffff00;
  return new Float32Array(words.buffer)[0];
}

/** The nearest multiple of a scale, halves away from zero; in float64 no quotient of such numbers rounds past a half. */
function stepsOf(value: number, scale: number): number {
  if (scale === 0) return 0;
  const steps = Math.floor(Math.abs(value) / scale + 0.5);
  return value < 0 ? -steps : steps;
}

/**
 * Float64 twin of `updateQuantizedRows.wgsl`: cache[rows[i]] = x[i], x [any, width] as float32; a row of the cache
 * is its words (`quantizedWords`), in place.
 */
export function updateQuantizedRows(
  cache: Uint32Array,
  rows: Uint32Array,
  x: Values,
  heads: number,
): NdArray<Uint32Array> {
  const width = x.shape[1];
  const [words, headDim] = [quantizedWords(width, heads), width / heads];
  const bytes = new Int8Array(cache.buffer, cache.byteOffset);
  const scales = new Float32Array(cache.buffer, cache.byteOffset);
  rows.forEach((row, i) => {
    ensure((row + 1) * words <= cache.length, `updateQuantizedRows: row ${row} is past the end of the cache`);
    for (let head = 0; head < heads; head++) {
      const from = i * width + head * headDim;
      const values = Float32Array.from(x.data.subarray(from, from + headDim));
      const scale = scaleOf(values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0));
      scales[row * words + width / 4 + head] = scale;
      values.forEach((value, d) => {
        bytes[4 * row * words + head * headDim + d] = stepsOf(value, scale);
      });
    }
  });
  return ndarray(cache, [cache.length]);
}

/** The values of every row of a quantized table [rows, words]: [rows, width]. */
export function widenedRows(table: Uint32Array, width: number, heads: number): Values {
  const words = quantizedWords(width, heads);
  const count = table.length / words;
  const bytes = new Int8Array(table.buffer, table.byteOffset);
  const scales = new Float32Array(table.buffer, table.byteOffset);
  const y = new Float64Array(count * width);
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < width; d++) {
      const scale = scales[row * words + width / 4 + Math.floor(d / (width / heads))];
      y[row * width + d] = bytes[4 * row * words + d] * scale;
    }
  }
  return ndarray(y, [count, width]);
}

/** Float64 twin of `gatherQuantizedRows.wgsl`: the values of chosen rows of a quantized table. */
export function gatherQuantizedRows(table: Uint32Array, rows: Uint32Array, width: number, heads: number): Values {
  const words = quantizedWords(width, heads);
  const chosen = new Uint32Array(rows.length * words);
  rows.forEach((row, i) => {
    ensure((row + 1) * words <= table.length, `gatherQuantizedRows: row ${row} is past the end of its table`);
    chosen.set(table.subarray(row * words, (row + 1) * words), i * words);
  });
  return widenedRows(chosen, width, heads);
}
