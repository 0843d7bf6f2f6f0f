import { halfToFloat32 } from '../tensor/sixteenBit.js';

/** 8-bit floats: 4 exponent bits (largest value 448, no infinity), or 5 (the upper byte of a half). */
export type Float8 = 'F8_E4M3' | 'F8_E5M2';

const tables = new Map<Float8, Float32Array>();

/**
 * The values of all 256 codes, each exact. Source: "FP8 formats for deep learning" (arXiv 2209.05433), table 1;
 * F8_E4M3 is PyTorch's float8_e4m3fn.
 */
export function float8Values(dtype: Float8): Float32Array {
  let table = tables.get(dtype);
  if (!table) {
    table =
      dtype === 'F8_E5M2'
        ? halfToFloat32(Uint16Array.from({ length: 256 }, (_, code) => code << 8))
        : Float32Array.from({ length: 256 }, (_, code) => e4m3(code));
    tables.set(dtype, table);
  }
  return table;
}

function e4m3(code: number): number {
  const sign = code & 0x80 ? -1 : 1;
  const exponent = (code >>> 3) & 15;
  const mantissa = code & 7;
  if (exponent === 15 && mantissa === 7) return Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -9 : (8 + mantissa) * 2 ** (exponent - 10));
}
