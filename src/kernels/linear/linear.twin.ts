import ndarray, { type NdArray } from 'ndarray';
import { add, gelu } from '../elementwise/elementwise.twin.js';
import { gatedResidual } from '../modulation/modulation.twin.js';

type Values = NdArray<Float64Array>;

/** What follows the sums, as the launcher's `LinearOptions`. */
export interface LinearEnd {
  readonly gelu?: boolean;
  readonly residual?: { readonly to: Values; readonly gate?: { readonly modulation: Values; readonly chunk: number } };
}

/**
 * Float64 twin of `linear.wgsl`, `linear.tiled.wgsl`, `linear.few.wgsl`, `linear.subgroup.wgsl`, `linear.matrix.wgsl`
 * and `linear.matrixHalf.wgsl`: x [rows, inFeatures] · weight [outFeatures, inFeatures]ᵀ + bias [outFeatures].
 */
export function linear(x: Values, weight: Values, bias?: Values, { gelu: hasGelu, residual }: LinearEnd = {}): Values {
  const [rows, inFeatures] = x.shape;
  const outFeatures = weight.shape[0];
  const [inputs, weights] = [x.data, weight.data];
  const sums = new Float64Array(rows * outFeatures);
  for (let row = 0; row < rows; row++) {
    const xRow = row * inFeatures;
    for (let column = 0; column < outFeatures; column++) {
      const weightRow = column * inFeatures;
      let sum = bias ? bias.data[column] : 0;
      for (let k = 0; k < inFeatures; k++) sum += inputs[xRow + k] * weights[weightRow + k];
      sums[row * outFeatures + column] = sum;
    }
  }
  const plain = ndarray(sums, [rows, outFeatures]);
  const branch = hasGelu ? gelu(plain) : plain;
  if (!residual) return branch; // [rows, outFeatures]
  const { to, gate } = residual;
  return gate ? gatedResidual(to, branch, gate.modulation, gate.chunk) : add(to, branch);
}
