import type { Storage, Tensor } from './tensor.js';

/** Gradients on their way back, each summed over what its tensor is used by. It frees those that are used up. */
export class Cotangents {
  #held = new Map<Storage, Tensor>();

  /**
   * @param add what sums two tensors
   * @param given of the output, by the caller, who frees it
   */
  constructor(
    private readonly add: (a: Tensor, b: Tensor) => Tensor,
    output: Tensor,
    private readonly given: Tensor,
  ) {
    this.#held.set(output.storage, given);
  }

  /** The gradient of a tensor, all of it, under the tensor's shape; undefined where nothing depends on it. */
  take({ storage, shape }: Tensor): Tensor | undefined {
    const cotangent = this.#held.get(storage);
    this.#held.delete(storage);
    return cotangent?.reshape(...shape);
  }

  /** Adds gradients that were made of `used`. */
  put(gradients: readonly (readonly [Tensor, Tensor])[], used: Tensor): void {
    const done = [used];
    for (const [{ storage }, gradient] of gradients) {
      const before = this.#held.get(storage);
      this.#held.set(storage, before ? this.add(before.reshape(...gradient.shape), gradient) : gradient);
      if (before) done.push(before, gradient);
    }
    // Only now: one gradient may go to several tensors, as that of a sum does.
    for (const tensor of done) if (!this.#isHeld(tensor)) tensor.dispose();
  }

  #isHeld({ storage }: Tensor): boolean {
    return storage === this.given.storage || [...this.#held.values()].some((held) => held.storage === storage);
  }
}
