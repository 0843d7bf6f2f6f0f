import type { Tensor } from '../tensor/tensor.js';

/** What both rollouts take. Frames are latent frames everywhere below the command line. */
export interface RolloutOptions {
  /** Latent height and width. */
  readonly latent: { readonly height: number; readonly width: number };
  /** Frames to generate. */
  readonly frames: number;
  readonly framesPerBlock: number;
  /** Denoising steps on the 1000 ... 0 scale, before the shift warps them. */
  readonly steps: readonly number[];
  /** Whether the steps count along the shifted schedule (default), or are timesteps as they stand. */
  readonly warp?: boolean;
  readonly shift: number;
  /** Frames that attention spans, those being generated included. */
  readonly window: number;
  /** Frames at the start of the video that stay in the window for ever and are never pruned. */
  readonly sink: number;
  /** Timestep at which a finished block is written into the cache. */
  readonly contextNoise: number;
  /** Clean latents [frames, channels, height, width], whole blocks, that the video begins with; they stay the caller's. */
  readonly initialLatents?: Tensor;
}
