import { ensure, TokenTrimError } from '../../errors.js';
import { show } from '../../options/fields.js';
import type { Device } from '../../tensor/device.js';
import { elementCount } from '../../tensor/shape.js';
import { float32ToBfloat16, float32ToHalf } from '../../tensor/sixteenBit.js';
import { FLOAT_TYPES, type FloatType, type Tensor } from '../../tensor/tensor.js';
import { toFloat32 } from '../../weights/convert.js';
import { firstNonFinite } from '../../weights/finite.js';
import type { StoredType } from '../../weights/storedType.js';
import type { TensorSource } from '../../weights/tensorSource.js';

/** How the large matrices are held on the device; vectors are always f32. */
export type WeightType = FloatType;

/** Refuses a type that is none: `what` begins the message. */
export function checkWeightType(what: string, type: WeightType): void {
  ensure(FLOAT_TYPES.includes(type), `${what} one of ${FLOAT_TYPES.join(', ')}, found ${show(type)}`);
}

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
  ) {
    checkWeightType('weights are held in', weightType);
  }

  /** A vector or small table in f32, optionally under another shape of as many elements. */
  async values(name: string, shape?: readonly number[]): Promise<Tensor> {
    const { shape: stored } = this.source.info(name);
    const target = this.#checkShape(name, stored, shape ?? stored);
    return this.device.load(target, 'f32', async () => (await this.float32(name)).values);
  }

  /** A matrix in the chosen weight type, optionally under another shape of as many elements. */
  async matrix(name: string, shape?: readonly number[]): Promise<Tensor> {
    const info = this.source.info(name);
    const target = this.#checkShape(name, info.shape, shape ?? info.shape);
    const stored = { F32: 'f32', F16: 'f16', BF16: 'bf16' }[info.dtype as 'F32' | 'F16' | 'BF16'];
    this.onTensor(name);
    return this.device.load(target, this.weightType, async () => {
      const bytes = await this.#read(name);
      const isAsStored = stored === this.weightType && stored !== 'f32';
      if (isAsStored) return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
      return this.narrowed(name, toFloat32(bytes, info.dtype));
    });
  }

  /** A matrix whose values are made from the checkpoint's by `make`, in the chosen weight type; `name` is for errors. */
  madeMatrix(name: string, shape: readonly number[], make: () => Promise<Float32Array>): Promise<Tensor> {
    return this.device.load(shape, this.weightType, async () => this.narrowed(name, await make()));
  }

  /** Float32 values in the chosen weight type. */
  protected narrowed(name: string, values: Float32Array): Float32Array | Uint16Array {
    if (this.weightType === 'bf16') return float32ToBfloat16(values);
    if (this.weightType === 'f32') return values;
    const halves = float32ToHalf(values);
    checkNarrowed(this.source.label, name, halves);
    return halves;
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
    return { values: toFloat32(await this.#read(name), dtype), shape };
  }

  async #read(name: string): Promise<Uint8Array> {
    const bytes = await this.source.read(name);
    checkStored(this.source.label, name, bytes, this.source.info(name).dtype);
    return bytes;
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

/**
 * Refuses stored values of a tensor that are NaN or infinite: one of them spoils every picture, or hides in a softmax and
 * spoils them unseen. Made for every tensor as it is loaded: a pass over its bytes while the next ones are read.
 * @throws TokenTrimError naming the file, the tensor and the first such value
 */
export function checkStored(label: string, name: string, bytes: Uint8Array, dtype: StoredType): void {
  const first = firstNonFinite(bytes, dtype);
  if (first < 0) return;
  throw new TokenTrimError(
    `${label}: ${name} holds NaN or infinity (its value ${first} is the first): the file is damaged, or was saved by a ` +
      'training that failed. `verifyWeights` looks at all of it; get the file again',
  );
}

/** Refuses values that were finite in the file and became infinite in f16. */
function checkNarrowed(label: string, name: string, halves: Uint16Array): void {
  const bytes = new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength);
  const first = firstNonFinite(bytes, 'F16');
  if (first < 0) return;
  throw new TokenTrimError(
    `${label}: ${name} holds a value (the one at ${first}) past 65504, the largest of f16: use \`dtype\` bf16 or \`dtype\` f32`,
  );
}
