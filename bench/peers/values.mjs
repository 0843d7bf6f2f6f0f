// The numbers that works are done on: the same in every process, and the same in every type. Each is a whole number of
// 8 bits times a power of two, which f32, f16 and bf16 all hold exactly.

/**
 * Fixed random numbers.
 * @param input { shape, step } numbers from -128 to 127 times the step
 * @param seed any number, another for each input
 */
function valuesOf({ shape, step }, seed) {
  let state = seed * 0x9e3779b9 + 1;
  return Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // the generator of Numerical Recipes
    return ((state >>> 24) - 128) * step;
  });
}

/** The inputs of a work, by name { shape, data }. */
export function inputsOf({ inputs }) {
  const made = Object.entries(inputs).map(([name, input], index) => [
    name,
    { shape: input.shape, data: valuesOf(input, index + 1) },
  ]);
  return Object.fromEntries(made);
}

export const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);

const wordsOf = (values) => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** The upper halves of f32 values: exact for the values above. */
export const asBf16 = (values) => Uint16Array.from(wordsOf(values), (word) => word >>> 16);

/** f16 bits, exact for the values above, which are zero or in f16's normal range. */
export const asF16 = (values) =>
  Uint16Array.from(wordsOf(values), (word) => {
    if ((word & 0x7fffffff) === 0) return 0;
    return ((word >>> 16) & 0x8000) | ((((word >>> 23) & 0xff) - 112) << 10) | ((word >>> 13) & 0x3ff);
  });

/** The same numbers with the axes in another order, as `numpy.transpose`. */
export function transposed({ shape, data }, order) {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const newShape = order.map((axis) => shape[axis]);
  const newStrides = order.map((axis) => strides[axis]);
  const result = new Float32Array(data.length);
  let index = 0;
  const copy = (axis, from) => {
    if (axis === order.length) {
      result[index++] = data[from];
      return;
    }
    for (let at = 0; at < newShape[axis]; at++) copy(axis + 1, from + at * newStrides[axis]);
  };
  copy(0, 0);
  return { shape: newShape, data: result };
}

/** Pictures [frames, height, width, channels] with one ring of zeros around each. */
export function ringed({ shape: [frames, height, width, channels], data }) {
  const shape = [frames, height + 2, width + 2, channels];
  const result = new Float32Array(sizeOf(shape));
  for (let row = 0; row < frames * height; row++) {
    const frame = Math.floor(row / height);
    const line = data.subarray(row * width * channels, (row + 1) * width * channels);
    result.set(line, ((frame * (height + 2) + (row % height) + 1) * (width + 2) + 1) * channels);
  }
  return { shape, data: result };
}
