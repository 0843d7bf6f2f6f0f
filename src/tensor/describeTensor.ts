import { formatShape } from './shape.js';
import { bfloat16ToFloat32, halfToFloat32 } from './sixteenBit.js';
import type { DType, Tensor } from './tensor.js';

/** Most values of an axis that are shown. */
const CORNER = 4;

/** The values of a tensor that lies on the host, whatever its type; undefined where it lies elsewhere, or nowhere. */
export function hostValues({ storage, dtype, size }: Tensor): ArrayLike<number> | undefined {
  const { data, words, freed } = storage;
  if (freed) return undefined;
  if (data || !words) return data;
  return wordValues(words, dtype, size);
}

/** The values that the words of a buffer hold. */
export function wordValues(words: Uint32Array, dtype: DType, size: number): Float32Array | Uint32Array {
  if (dtype === 'u32') return words;
  if (dtype === 'f32') return new Float32Array(words.buffer, words.byteOffset, size);
  const halves = new Uint16Array(words.buffer, words.byteOffset, size);
  return dtype === 'f16' ? halfToFloat32(halves) : bfloat16ToFloat32(halves);
}

/** A tensor in a line, for consoles and debuggers: type, shape, range and mean; where values cannot be had at once, why not. */
export function describeTensor(tensor: Tensor): string {
  const { dtype, shape } = tensor;
  const values = hostValues(tensor);
  return `Tensor ${dtype} ${formatShape(shape)}, ${values ? formatRange(values) : whereabouts(tensor)}`;
}

/** The same and, below it, where the tensor lies and the first values of its last two axes. */
export function printTensor(tensor: Tensor): string {
  const { device, shape } = tensor;
  const values = hostValues(tensor);
  if (!values) return describeTensor(tensor);
  const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  const row = (index: number) => {
    const shown = Array.from({ length: Math.min(columns, CORNER) }, (_, column) => values[index * columns + column]);
    return `  ${shown.map(formatCell).join('')}${columns > CORNER ? '  ...' : ''}`;
  };
  const shown = Array.from({ length: Math.min(rows, CORNER) }, (_, index) => row(index));
  const leading = Array(Math.max(0, shape.length - 2)).fill('0, ');
  const what = shape.length > 1 ? `at [${leading.join('')}0 ..., 0 ...]` : 'at [0 ...]';
  return [
    `${describeTensor(tensor)}, on ${device.name}`,
    `${what}:`,
    ...shown,
    ...(rows > CORNER ? ['       ...'] : []),
  ].join('\n');
}

/** What range and mean are of: the numbers; how many values are none is told beside them. */
function formatRange(values: ArrayLike<number>): string {
  let [least, most, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
    count++;
  }
  const others = values.length - count;
  const range = count === 0 ? '' : `${formatNumber(least)} to ${formatNumber(most)}, mean ${formatNumber(sum / count)}`;
  const bad = others === 0 ? '' : `${others} of ${values.length} values NaN or infinite`;
  return [range, bad].filter((part) => part !== '').join(', ');
}

function whereabouts({ device, storage, dtype }: Tensor): string {
  if (storage.freed) return 'freed: what it held is gone';
  if (device.kind === 'planning') return 'without values: it is only counted';
  const read = dtype === 'u32' ? 'readIndices' : 'read';
  const cast = dtype === 'u32' || dtype === 'f32' ? '' : ' once it is cast to f32';
  return `on ${device.name}: its values come with \`await tensor.device.${read}(tensor)\`${cast}, not at once`;
}

function formatNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

function formatCell(value: number): string {
  return formatNumber(value).padStart(12);
}
