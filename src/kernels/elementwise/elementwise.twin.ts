import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twins of `elementwise.wgsl` and `elementwise.vec4.wgsl`. */
export const add = (a: Values, b: Values): Values => map(a, (value, index) => value + b.data[index]);
export const multiply = (a: Values, b: Values): Values => map(a, (value, index) => value * b.data[index]);
export const silu = (a: Values): Values => map(a, (value) => value / (1 + Math.exp(-value)));
export const softClamp = (a: Values): Values => map(a, (value) => 3 * Math.tanh(value / 3));
export const gelu = (a: Values): Values =>
  map(a, (value) => value * 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3))));

/** The derivative, (1 + tanh(u)) / 2 + a / 2 * (1 - tanh(u)^2) * du/da, times the cotangent. */
export const geluGradient = (a: Values, cotangent: Values): Values =>
  map(a, (value, index) => {
    const factor = Math.sqrt(2 / Math.PI);
    const tanh = Math.tanh(factor * (value + 0.044715 * value ** 3));
    const slope = factor * (1 + 3 * 0.044715 * value ** 2);
    return cotangent.data[index] * (0.5 * (1 + tanh) + 0.5 * value * (1 - tanh ** 2) * slope);
  });

function map(a: Values, operation: (value: number, index: number) => number): Values {
  return ndarray(a.data.map(operation), [...a.shape]);
}
