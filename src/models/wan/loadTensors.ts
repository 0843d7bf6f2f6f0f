import { TokenTrimError } from '../../errors.js';
import type { Device } from '../../tensor/device.js';
import { elementCount } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { float32ToBfloat16, float32ToHalf, toFloat32 } from '../../weights/convert.js';
import type { TensorSource } from '../../weights/tensorSource.js';

/** How the large matrices are held on the device; vectors are always f32. */
export type WeightType = 'f32' | 'bf16' | 'f16';

/** A layer `x · weightᵀ + bias`: weight [outFeatures, inFeatures], bias [outFeatures]. */
export interface Linear {
  readonly weight: Tensor;
  readonly bias?: Tensor;
}

/** Reads checkpoint tensors onto a device under their official names. */
export class TensorLoader {
  constructor(
    readonly device: Device,
    readonly source: TensorSource,
    readonly weightType: WeightType,
    private readonly onTensor: (name: string) => void = () => undefined,
  ) {}

  /** A vector or small table in f32, optionally under another shape of as many elements. */
  async values(name: string, shape?: readonly number[]): Promise<Tensor> {
    const { values, shape: stored } = await this.float32(name);
    return this.device.upload(values, this.#checkShape(name, stored, shape ?? stored));
  }

  /** A matrix in the chosen weight type, optionally under another shape of as many elements. */
  async matrix(name: string, shape?: readonly number[]): Promise<Tensor> {
    const info = this.source.info(name);
    const target = this.#checkShape(name, info.shape, shape ?? info.shape);
    const stored = { F32: 'f32', F16: 'f16', BF16: 'bf16' }[info.dtype as 'F32' | 'F16' | 'BF16'];
    this.onTensor(name);
    const bytes = await this.source.read(name);
    if (stored === this.weightType && stored !== 'f32') {
      return this.device.upload(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2), target, stored);
    }
    return this.uploadMatrix(toFloat32(bytes, info.dtype), target);
  }

  /** Float32 values as a matrix in the chosen weight type. */
  uploadMatrix(values: Float32Array, shape: readonly number[]): Tensor {
    if (this.weightType === 'bf16') return this.device.upload(float32ToBfloat16(values), shape, 'bf16');
    if (this.weightType === 'f16') return this.device.upload(float32ToHalf(values), shape, 'f16');
    return this.device.upload(values, shape);
  }

  /** `<name>.weight` and, unless told otherwise, `<name>.bias`. */
  async linear(name: string, options: { bias?: boolean; shape?: readonly number[] } = {}): Promise<Linear> {
    const weight = await this.matrix(`${name}.weight`, options.shape);
    return options.bias === false ? { weight } : { weight, bias: await this.values(`${name}.bias`) };
  }

  /** A tensor's values on the host, for what is rearranged before it is uploaded. */
  protected async float32(name: string): Promise<{ values: Float32Array; shape: readonly number[] }> {
    const { dtype, shape } = this.source.info(name);
    this.onTensor(name);
    return { values: toFloat32(await this.source.read(name), dtype), shape };
  }

  #checkShape(name: string, stored: readonly number[], wanted: readonly number[]): readonly number[] {
    if (elementCount(stored) !== elementCount(wanted)) {
      throw new TokenTrimError(
        `${this.source.label}: ${name} has shape [${stored.join(', ')}], expected ${elementCount(wanted)} elements as ` +
          `[${wanted.join(', ')}]; the checkpoint does not fit its configuration`,
      );
    }
    return wanted;
  }
}
