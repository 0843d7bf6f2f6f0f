/** A pattern of numbers of about one to draw tensors from; making every number anew would take longer than the work. */
const PATTERN = Float32Array.from({ length: 2 ** 16 + 1 }, () => Math.random() - 0.5); // a length that no width divides

/** The bits of a pattern in 16 bits: the upper half of a float32, or halves between 1 and 2 less their middle. */
const BITS = {
  bf16: Uint16Array.from(new Uint32Array(PATTERN.buffer), (word) => word >>> 16),
  f16: Uint16Array.from(new Uint32Array(PATTERN.buffer), (word) => ((word >>> 16) & 0x8000) | 0x3000 | (word & 0x7ff)),
};

/** Values of a type; repeated where there are more than the pattern has. */
export function randomValues(count, type = 'f32') {
  const pattern = type === 'f32' ? PATTERN : BITS[type];
  const values = new pattern.constructor(count);
  for (let start = 0; start < count; start += pattern.length) {
    values.set(pattern.subarray(0, Math.min(pattern.length, count - start)), start);
  }
  return values;
}

/** A tensor of such values on a device. */
export function random(device, shape, type = 'f32') {
  const count = shape.reduce((product, size) => product * size, 1);
  return device.upload(randomValues(count, type), shape, type);
}

/**
 * Weights that no file holds, for a model of any size: bf16, small enough that nothing overflows.
 * @param expected shapes by name (`transformerTensors` and those like it)
 */
export function randomSource(expected) {
  const info = (name) => {
    const shape = expected.get(name);
    if (!shape) throw new Error(`there is no tensor ${name}`);
    return { dtype: 'BF16', shape, byteLength: 2 * shape.reduce((product, size) => product * size, 1) };
  };
  const read = async (name) => new Uint8Array(randomValues(info(name).byteLength / 2, 'bf16').buffer);
  return {
    label: 'random weights',
    metadata: new Map(),
    names: () => [...expected.keys()],
    has: (name) => expected.has(name),
    info,
    read,
    readRows: async (name, _first, count) => {
      const { byteLength, shape } = info(name);
      const rowBytes = byteLength / shape[0];
      return new Uint8Array(randomValues((count * rowBytes) / 2, 'bf16').buffer, 0, count * rowBytes);
    },
    close: async () => {},
  };
}
