import type { SamplingConfig } from './config.js';

// What the official code fixes and no weight file holds; used where config.json does not say otherwise.

/** Prompt length and epsilon of every Wan2.1 model: `wan/configs/shared_config.py`, `wan/configs/wan_t2v_1_3B.py`. */
export const TRANSFORMER_DEFAULTS = { model_type: 't2v', text_len: 512, eps: 1e-6 } as const;

/** Wan2.1's transformers have heads of this width: 1536 / 12 and 5120 / 40. */
export const HEAD_DIM = 128;

/** Mean and standard deviation of the latents, by channel: Wan-Video/Wan2.1 `wan/modules/vae.py WanVAE`. */
export const LATENT_STATISTICS = {
  latents_mean: [
    -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508, 0.4134, -0.0715, 0.5517, -0.3632, -0.1922,
    -0.9497, 0.2503, -0.2921,
  ],
  latents_std: [
    2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253,
    2.8251, 1.916,
  ],
};

/**
 * How the published checkpoints are sampled: guandeh17/Self-Forcing `configs/self_forcing_dmd.yaml`,
 * TencentARC/RollingForcing `configs/rolling_forcing_dmd.yaml`, Wan2.1's 480p size.
 *
 * Deviation: upstream's Self Forcing has no window and stops at the 21 frames that its cache holds. A window of 21 is
 * the same up to there and can go on.
 */
export const SAMPLING_DEFAULTS: SamplingConfig = {
  width: 832,
  height: 480,
  fps: 16,
  frames_per_block: 3,
  timestep_shift: 5,
  context_noise: 0,
  presets: {
    'self-forcing': {
      denoising_step_list: [1000, 750, 500, 250],
      warp_denoising_step: true,
      local_attn_size: 21,
      sink_size: 0,
    },
    'rolling-forcing': { denoising_step_list: [1000, 800, 600, 400, 200], warp_denoising_step: true },
  },
};
