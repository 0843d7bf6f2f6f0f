import { ensure } from '../errors.js';
import { float32ToBfloat16, float32ToHalf } from '../tensor/sixteenBit.js';
import { type Float8, float8Values, toFloat64Numbers } from './convert.js';
import { quote } from './quote.js';
import { isFloat, isFloat8 } from './storedType.js';
import type { TensorInfo, TensorSource } from './tensorSource.js';

/** What 8-bit values become. BF16 and F16 hold every one of them exactly; with a scale, the product is rounded once. */
export type WideType = 'BF16' | 'F16' | 'F32';

/** Of a layer `<layer>.weight`: its scale, then what only 8-bit arithmetic needs. ComfyUI's older and newer names. */
const SCALES = ['scale_weight', 'weight_scale'] as const;
const HIDDEN = ['scale_input', 'input_scale', 'comfy_quant'] as const;
const COMPANION = new RegExp(`^(.*\\.)(?:${[...SCALES, ...HIDDEN].join('|')})$`);

/**
 * A view of `source` whose 8-bit floats are widened as they are read, row by row, multiplied by their layer's scale; the
 * scales and ComfyUI's marker `scaled_fp8` are not in it. A source without 8-bit floats is returned as it is.
 *
 * Source: comfyanonymous/ComfyUI `comfy/ops.py scaled_fp8_ops`.
 * @throws TokenTrimError for scales that are not one for the tensor or one for each row
 */
export async function widenFloat8(source: TensorSource, to: WideType = 'BF16'): Promise<TensorSource> {
  const hidden = hiddenNames(source);
  if (hidden.size === 0 && !source.names().some((name) => isFloat8(source.info(name).dtype))) return source;
  const scales = new Map<string, Float64Array>();
  for (const name of hidden) {
    const scale = SCALES.find((suffix) => name.endsWith(`.${suffix}`));
    if (!scale) continue;
    const weight = `${name.slice(0, -scale.length)}weight`;
    scales.set(weight, await readScale(source, name, weight));
  }
  return new WidenedSource(source, to, hidden, scales);
}

/** True for a source in which 8-bit floats mean nothing without the scales beside them. */
export function hasScales(source: TensorSource): boolean {
  return [...hiddenNames(source)].some((name) => SCALES.some((suffix) => name.endsWith(`.${suffix}`)));
}

function hiddenNames(source: TensorSource): ReadonlySet<string> {
  const belongsToLayer = (name: string) => {
    const layer = COMPANION.exec(name)?.[1];
    return layer !== undefined && source.has(`${layer}weight`);
  };
  return new Set(source.names().filter((name) => /(?:^|\.)scaled_fp8$/.test(name) || belongsToLayer(name)));
}

/** One scale, or one for each row of `weight`. */
async function readScale(source: TensorSource, name: string, weight: string): Promise<Float64Array> {
  const { dtype, byteLength, shape } = source.info(name);
  const rows = source.info(weight).shape[0] ?? 1;
  const count = shape.reduce((product, size) => product * size, 1);
  ensure(
    isFloat(dtype) && !isFloat8(dtype) && (count === 1 || count === rows) && byteLength <= 8 * rows,
    () =>
      `${source.label}: expected ${quote(name)} to hold one scale, or one for each of ${rows} rows, found ${dtype} [${shape}]: 8-bit weights with a scale for each block are not supported. Use the bf16 or fp16 file.`,
  );
  const scales = toFloat64Numbers(await source.read(name), dtype);
  ensure(
    isFloat8(source.info(weight).dtype) || scales.every((scale) => scale === 1),
    () =>
      `${source.label}: ${quote(name)} scales ${quote(weight)}, which is ${source.info(weight).dtype} and not an 8-bit float. Use the bf16 or fp16 file.`,
  );
  return scales;
}

class WidenedSource implements TensorSource {
  readonly #tables = new Map<string, WideTable>();

  constructor(
    private readonly source: TensorSource,
    private readonly to: WideType,
    private readonly hidden: ReadonlySet<string>,
    private readonly scales: ReadonlyMap<string, Float64Array>,
  ) {}

  get label(): string {
    return this.source.label;
  }

  get files(): readonly string[] {
    return this.source.files;
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.source.metadata;
  }

  names(): string[] {
    return this.source.names().filter((name) => !this.hidden.has(name));
  }

  has(name: string): boolean {
    return this.source.has(name) && !this.hidden.has(name);
  }

  info(name: string): TensorInfo {
    ensure(!this.hidden.has(name), () => `${this.label}: there is no tensor ${quote(name)}: it is a scale.`);
    const info = this.source.info(name);
    if (!isFloat8(info.dtype)) return info;
    return { dtype: this.to, shape: info.shape, byteLength: info.byteLength * (this.to === 'F32' ? 4 : 2) };
  }

  async read(name: string): Promise<Uint8Array> {
    this.info(name);
    return this.#widen(name, 0, await this.source.read(name));
  }

  async readRows(name: string, firstRow: number, rowCount: number): Promise<Uint8Array> {
    this.info(name);
    return this.#widen(name, firstRow, await this.source.readRows(name, firstRow, rowCount));
  }

  close(): Promise<void> {
    return this.source.close();
  }

  #widen(name: string, firstRow: number, bytes: Uint8Array): Uint8Array {
    const { dtype, shape, byteLength } = this.source.info(name);
    if (!isFloat8(dtype)) return bytes;
    const scales = this.scales.get(name) ?? Float64Array.of(1);
    const isByRow = scales.length > 1;
    const width = isByRow ? byteLength / shape[0] : bytes.length;
    const wide = this.to === 'F32' ? new Float32Array(bytes.length) : new Uint16Array(bytes.length);
    for (let start = 0, row = firstRow; start < bytes.length; start += width, row += 1) {
      const table = isByRow ? wideTable(dtype, scales[row], this.to) : this.#table(dtype, scales[0]);
      for (let index = start; index < start + width; index += 1) wide[index] = table[bytes[index]];
    }
    return new Uint8Array(wide.buffer);
  }

  #table(dtype: Float8, scale: number): WideTable {
    const key = `${dtype} ${scale}`;
    const table = this.#tables.get(key) ?? wideTable(dtype, scale, this.to);
    this.#tables.set(key, table);
    return table;
  }
}

type WideTable = Float32Array | Uint16Array;

/** What each of the 256 codes becomes: float32 values, or the bits of 16-bit ones. */
function wideTable(dtype: Float8, scale: number, to: WideType): WideTable {
  // A product of 4 and 24 significant bits is exact in float64, so that what follows rounds it for the first time.
  const products = Float64Array.from(float8Values(dtype), (value) => value * scale);
  if (to === 'BF16') return float32ToBfloat16(Float32Array.from(products, (value) => roundTo(value, 8, -133)));
  if (to === 'F16') return float32ToHalf(Float32Array.from(products, (value) => roundTo(value, 11, -24)));
  return Float32Array.from(products);
}

/** Rounds to so many significant bits, but to no finer a step than 2^leastStep; to nearest, ties to even. */
function roundTo(value: number, bits: number, leastStep: number): number {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0) return value;
  let exponent = Math.floor(Math.log2(size)); // one off where the logarithm is rounded across a whole number
  if (2 ** exponent > size) exponent -= 1;
  else if (2 ** (exponent + 1) <= size) exponent += 1;
  const step = 2 ** Math.max(exponent - bits + 1, leastStep);
  const steps = size / step;
  const whole = Math.floor(steps);
  const up = steps - whole > 0.5 || (steps - whole === 0.5 && whole % 2 === 1);
  return Math.sign(value) * (up ? whole + 1 : whole) * step;
}
