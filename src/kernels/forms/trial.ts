import type { Device } from '../../tensor/device.js';
import type { DType, Tensor } from '../../tensor/tensor.js';
import { updateQuantizedRows } from '../rows/quantizedRows.js';
import { quantizedWords } from '../rows/quantizedWords.js';
import type { KernelClasses, ProblemClass } from './form.js';

/** One small problem that stands for a class. */
export interface Trial {
  /** Floating-point operations of a run; absent where memory sets the pace. */
  readonly operations?: number;
  /** Makes the inputs and gives what launches the problem once. */
  readonly prepare: (inputs: TrialInputs) => () => void;
}

/** The trials of one kernel. */
export interface KernelTrials {
  readonly classes: KernelClasses;
  /** The problem that stands for a class; undefined for a type or a size that was not declared. */
  readonly of: (problem: ProblemClass, adapter: AdapterScale) => Trial | undefined;
}

/** @param of the trial of a class that is declared, as large as suits the kind of adapter */
export function trialsOf<Type extends string, Size extends string>(
  classes: KernelClasses<Type, Size>,
  of: (type: Type, size: Size, adapter: AdapterScale) => Trial,
): KernelTrials {
  const sizes = Object.keys(classes.sizes) as Size[];
  return {
    classes,
    of: (problem, adapter) => {
      const type = classes.types.find((known) => known === problem.type);
      const size = sizes.find((known) => known === problem.size);
      return type && size ? of(type, size, adapter) : undefined;
    },
  };
}

/** Problems must keep a graphics card busy and may not take a processor long: a run should take 1 to 50 ms on either. */
export type AdapterScale = 'processor' | 'card';

/** Where the values of inputs repeat themselves. */
const PERIOD = 2 ** 16;

/** Makes inputs of about 1 in size, never denormal, and frees them together. */
export class TrialInputs {
  #made: Tensor[] = [];

  constructor(private readonly device: Device) {}

  random(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    if (this.device.kind === 'planning') return this.#keep(this.device.zeros(shape, dtype));
    const size = shape.reduce((product, length) => product * length, 1);
    return this.#keep(this.device.upload(repeated(dtype, size), shape, dtype));
  }

  /** Rows in 8 bits: `quantizedWords` says how they lie. */
  quantized([count, width]: readonly number[], heads: number): Tensor {
    const table = this.#keep(this.device.zeros([count, quantizedWords(width, heads)], 'u32'));
    updateQuantizedRows(table, this.rows(count), this.random([count, width]), heads);
    return table;
  }

  /** 0 ... count - 1 */
  rows(count: number): Tensor {
    return this.#keep(
      this.device.upload(
        Uint32Array.from({ length: count }, (_, row) => row),
        [count],
      ),
    );
  }

  free(): void {
    for (const tensor of this.#made.splice(0)) tensor.dispose();
  }

  #keep(tensor: Tensor): Tensor {
    this.#made.push(tensor);
    return tensor;
  }
}

/** Bits of numbers between 0.5 and 1 of either sign: exponents as they are, signs and mantissas at random. */
const BITS = {
  f32: { one: 0x3f000000, random: 0x807fffff, of: (size: number) => new Uint32Array(size) },
  bf16: { one: 0x3f00, random: 0x807f, of: (size: number) => new Uint16Array(size) },
  f16: { one: 0x3800, random: 0x83ff, of: (size: number) => new Uint16Array(size) },
} as const;

function repeated(dtype: DType, size: number): Float32Array | Uint16Array {
  const { one, random, of } = BITS[dtype === 'u32' ? 'f32' : dtype];
  const bits = of(size);
  let state = 1;
  for (let index = 0; index < Math.min(size, PERIOD); index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator, whose low bits are poor
    bits[index] = one | ((state ^ (state >>> 15)) & random);
  }
  for (let filled = PERIOD; filled < size; filled *= 2) bits.copyWithin(filled, 0, filled);
  return bits instanceof Uint32Array ? new Float32Array(bits.buffer) : bits;
}
