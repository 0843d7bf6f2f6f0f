import { float32ToBfloat16, float32ToHalf } from '../tensor/sixteenBit.js';
import { float8Values } from '../weights/convert.js';

/** Mean and standard deviation of a tensor's values. */
export interface Distribution {
  readonly mean: number;
  readonly deviation: number;
}

/** A dtype that weights are published in. */
export type FloatDType = 'F32' | 'F16' | 'BF16' | 'F8_E4M3';

type Table = Uint32Array | Uint16Array | Uint8Array;

const tables = new Map<string, Table>();
/** A model has about fifty distributions, those of one layer are met again in the next; a table takes 256 KiB at most. */
const MOST_TABLES = 32;

/** The bit patterns of all 65536 values of a distribution, divided by `scale`. */
export function valueTable({ mean, deviation }: Distribution, dtype: FloatDType, scale: number): Table {
  const id = `${dtype} ${mean} ${deviation} ${scale}`;
  const known = tables.get(id);
  if (known) return known;
  const values = Float32Array.from(normalTable(), (value) => (mean + deviation * value) / scale);
  if (tables.size >= MOST_TABLES) tables.clear();
  const bits = bitPatterns(values, dtype);
  tables.set(id, bits);
  return bits;
}

/** The scale by which a distribution's largest value becomes the largest 8-bit float. */
export function float8Scale({ mean, deviation }: Distribution): number {
  const table = normalTable();
  return Math.fround((Math.abs(mean) + deviation * table[table.length - 1]) / LARGEST);
}

function bitPatterns(values: Float32Array, dtype: FloatDType): Table {
  if (dtype === 'F32') return new Uint32Array(values.buffer);
  if (dtype === 'F8_E4M3') return Uint8Array.from(values, nearestFloat8);
  return dtype === 'BF16' ? float32ToBfloat16(values) : float32ToHalf(values);
}

/** The largest F8_E4M3 number and its code; the next code is not a number. */
const LARGEST = 448;
const LARGEST_CODE = 126;

/** Of positive numbers, the codes are in the order of the values; halfway between two the even code is taken. */
function nearestFloat8(value: number): number {
  const codes = float8Values('F8_E4M3');
  const size = Math.abs(value);
  let [low, high] = [0, LARGEST_CODE];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (codes[middle] <= size) low = middle;
    else high = middle;
  }
  const over = 2 * size - codes[low] - codes[high];
  const code = over > 0 || (over === 0 && low % 2 === 1) ? high : low;
  return value < 0 ? code | 0x80 : code;
}

/** Values of a table: a random number of 16 bits picks one. */
const ENTRIES = 65536;
/** Runge-Kutta steps from one entry to the next; with 8 the variance is off by 2e-5, as it is for exact quantiles. */
const STEPS = 8;

let normals: Float64Array | undefined;

/**
 * The standard normal quantiles of (index + 1/2) / 65536: picking one at random is drawing a normal number with 16
 * bits. The largest is 4.3. Found by following dx/dp = 1 / density(x) from the median, where x = 0.
 */
export function normalTable(): Float64Array {
  normals ??= follow();
  return normals;
}

function follow(): Float64Array {
  const values = new Float64Array(ENTRIES);
  let value = step(0, 0.5 / ENTRIES);
  for (let index = ENTRIES / 2; index < ENTRIES; index++) {
    values[index] = value;
    values[ENTRIES - 1 - index] = -value;
    for (let part = 0; part < STEPS; part++) value = step(value, 1 / ENTRIES / STEPS);
  }
  return values;
}

/** One step of the classical Runge-Kutta method, `width` further in probability. */
function step(value: number, width: number): number {
  const first = slope(value);
  const second = slope(value + (first * width) / 2);
  const third = slope(value + (second * width) / 2);
  const fourth = slope(value + third * width);
  return value + (width * (first + 2 * second + 2 * third + fourth)) / 6;
}

const slope = (value: number) => Math.sqrt(2 * Math.PI) * Math.exp((value * value) / 2);
