import { concatFrames, sliceFrames } from '../../kernels/layout/frames.js';
import type { Device } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import { addNoise, type Schedule } from '../flowMatching.js';
import type { PlannedWindow } from '../plan/rollingWindow.js';
import type { NoiseSource } from './noise.js';

/**
 * The latents of a rolling window between its steps: each block at the noise of its next one.
 * Source: TencentARC/RollingForcing pipeline/rolling_forcing_inference.py, `noisy_cache`.
 */
export class NoisyCache {
  #blocks = new Map<number, Tensor>();

  /**
   * @param steps timesteps of the denoising steps
   * @param blockShape [frames, channels, height, width]
   */
  constructor(
    readonly device: Device,
    readonly noise: NoiseSource,
    readonly schedule: Schedule,
    readonly steps: readonly number[],
    readonly blockShape: readonly number[],
  ) {}

  /** What a window is fed, [window frames, channels, height, width]; a block that begins brings its initial noise. */
  async latents({ blocks }: PlannedWindow): Promise<Tensor> {
    const [size] = this.blockShape;
    for (const { block, isFresh } of blocks) {
      if (isFresh) this.#hold(block, this.#upload(await this.noise.initial(block * size, size)));
    }
    return concatFrames(blocks.map(({ block }) => this.#blocks.get(block) as Tensor));
  }

  /** Puts noise back on the blocks of `x0` that have a next step; the others are let go. */
  async renoise({ blocks }: PlannedWindow, x0: Tensor): Promise<void> {
    const [size] = this.blockShape;
    for (const [offset, { block, step }] of blocks.entries()) {
      this.#hold(block, undefined);
      const next = this.steps[step + 1];
      if (next === undefined) continue;
      // The official code draws noise for the whole window and uses one block of it.
      const from = offset * size;
      const fresh = await this.noise.renoise(blocks.length * size, from, size);
      const renoised = () => addNoise(this.schedule, sliceFrames(x0, from, size), this.#upload(fresh), next);
      this.#hold(block, this.device.scope(renoised));
    }
  }

  dispose(): void {
    for (const block of this.#blocks.keys()) this.#hold(block, undefined);
  }

  #upload(values: Float32Array): Tensor {
    return this.device.upload(values, this.blockShape);
  }

  #hold(block: number, latents: Tensor | undefined): void {
    this.#blocks.get(block)?.dispose();
    if (latents) this.#blocks.set(block, latents);
    else this.#blocks.delete(block);
  }
}
