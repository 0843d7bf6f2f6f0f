import type { VaeConfig } from '../modelConfig.js';

/** Pixels a latent pixel stands for, along a side, and pictures a latent frame does, after the first. */
export function vaeFactors(vae: VaeConfig): { spatial: number; temporal: number } {
  return {
    spatial: 2 ** (vae.dim_mult.length - 1),
    temporal: 2 ** vae.temperal_downsample.filter(Boolean).length,
  };
}
