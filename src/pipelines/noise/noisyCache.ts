import { concatFrames, sliceFrames } from '../../kernels/layout/frames.js';
import type { Device } from '../../tensor/device.js';
import { type HostTensor, uploadHost } from '../../tensor/hostTensor.js';
import type { Tensor } from '../../tensor/tensor.js';
import { addNoise, type Schedule } from '../flowMatching.js';
import type { PlannedWindow } from '../plan/rollingWindow.js';
import type { FlyingBlock } from '../resume/rolloutStart.js';
import type { NoiseSource } from './noise.js';

type Held = Omit<FlyingBlock, 'block'>;

/**
 * The latents of a rolling window between its steps: each block at the noise of its next one.
 * Source: TencentARC/RollingForcing pipeline/rolling_forcing_inference.py, `noisy_cache`.
 */
export class NoisyCache {
  #blocks = new Map<number, Held>();

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
      if (isFresh) this.#hold(block, { latents: this.#upload(await this.noise.initial(block * size, size)) });
    }
    return this.#joined(blocks);
  }

  /**
   * The same window with fresh noise on the same predictions, block by block; one that begins keeps its initial noise. Where
   * no block had a step before, the initial noise is what is drawn anew (our choice: docs/decisions/016-control-policies.md).
   */
  async redrawn({ blocks }: PlannedWindow): Promise<Tensor> {
    const [size] = this.blockShape;
    const isInitial = blocks.every(({ block }) => !this.#blocks.get(block)?.clean);
    for (const { block } of blocks) {
      const { clean, timestep } = this.#blocks.get(block) as Held;
      if (!clean && !isInitial) continue;
      const fresh = await this.noise.renoise(size, 0, size);
      this.#blocks.get(block)?.latents.dispose();
      this.#blocks.set(block, { latents: this.#noisy(clean, fresh, timestep), clean, timestep });
    }
    return this.#joined(blocks);
  }

  /** Puts noise back on the blocks of `x0` that have a next step; the others are let go. */
  async renoise({ blocks }: PlannedWindow, x0: Tensor): Promise<void> {
    const [size] = this.blockShape;
    for (const [offset, { block, step }] of blocks.entries()) {
      this.#hold(block, undefined);
      const timestep = this.steps[step + 1];
      if (timestep === undefined) continue;
      // The official code draws noise for the whole window and uses one block of it.
      const from = offset * size;
      const fresh = await this.noise.renoise(blocks.length * size, from, size);
      const clean = sliceFrames(x0, from, size);
      this.#hold(block, { latents: this.#noisy(clean, fresh, timestep), clean, timestep });
    }
  }

  /** The blocks that it holds, which stay its own. */
  get flight(): FlyingBlock[] {
    return Array.from(this.#blocks, ([block, held]) => ({ block, ...held }));
  }

  /** Holds what another one held. */
  restore(flight: readonly FlyingBlock<HostTensor>[]): void {
    for (const { block, latents, clean, timestep } of flight) {
      const before = clean && uploadHost(this.device, clean);
      this.#hold(block, { latents: uploadHost(this.device, latents), clean: before, timestep });
    }
  }

  dispose(): void {
    for (const block of this.#blocks.keys()) this.#hold(block, undefined);
  }

  /** Noise at a timestep on what is clean; alone where nothing is. */
  #noisy(clean: Tensor | undefined, fresh: Float32Array, timestep = 0): Tensor {
    if (!clean) return this.#upload(fresh);
    return this.device.scope(() => addNoise(this.schedule, clean, this.#upload(fresh), timestep));
  }

  #joined(blocks: PlannedWindow['blocks']): Tensor {
    return concatFrames(blocks.map(({ block }) => (this.#blocks.get(block) as Held).latents));
  }

  #upload(values: Float32Array): Tensor {
    return this.device.upload(values, this.blockShape);
  }

  #hold(block: number, held: Held | undefined): void {
    const before = this.#blocks.get(block);
    before?.latents.dispose();
    before?.clean?.dispose();
    if (held) this.#blocks.set(block, held);
    else this.#blocks.delete(block);
  }
}
