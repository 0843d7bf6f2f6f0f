// The configurations of a model as `config.json` has them, checked by the schemas of `config.ts`. Field names are those of
// the official configurations (`temperal_downsample` included).

/** The causal DiT: Wan-Video/Wan2.1 `wan/modules/model.py WanModel`. */
export interface TransformerConfig {
  readonly model_type: 't2v';
  /** Latent frames, rows and columns that make one token. */
  readonly patch_size: [number, number, number];
  /** Prompt length in tokens; shorter prompts are padded. */
  readonly text_len: number;
  readonly in_dim: number;
  readonly dim: number;
  readonly ffn_dim: number;
  /** Width of the sinusoidal time embedding. */
  readonly freq_dim: number;
  readonly text_dim: number;
  readonly out_dim: number;
  readonly num_heads: number;
  readonly num_layers: number;
  readonly qk_norm: true;
  readonly cross_attn_norm: true;
  readonly eps: number;
}

/** The causal 3D VAE: Wan-Video/Wan2.1 `wan/modules/vae.py WanVAE_`. */
export interface VaeConfig {
  readonly dim: number;
  readonly z_dim: number;
  readonly dim_mult: number[];
  readonly num_res_blocks: number;
  readonly attn_scales: number[];
  readonly temperal_downsample: boolean[];
  readonly latents_mean: number[];
  readonly latents_std: number[];
}

/** The umT5 encoder: Wan-Video/Wan2.1 `wan/modules/t5.py T5Encoder`. */
export interface TextEncoderConfig {
  readonly type: 'umt5';
  readonly vocab: number;
  readonly dim: number;
  readonly dim_attn: number;
  readonly dim_ffn: number;
  readonly num_heads: number;
  readonly num_layers: number;
  /** Rows of the relative position table. */
  readonly num_buckets: number;
  readonly shared_pos: false;
}

/** How a rollout goes about it. */
export interface PresetConfig {
  /** Steps in units of 1/1000, noisiest first. */
  readonly denoising_step_list: number[];
  /** Whether the steps count along the shifted schedule. */
  readonly warp_denoising_step: boolean;
  /** Attention window in latent frames; -1: all frames. */
  readonly local_attn_size?: number;
  /** Latent frames at the start that never leave the window. */
  readonly sink_size?: number;
}

/** What a run does where nothing else is asked for. */
export interface SamplingConfig {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Latent frames that are generated together. */
  readonly frames_per_block: number;
  readonly timestep_shift: number;
  /** Timestep at which finished blocks are written to the cache. */
  readonly context_noise: number;
  readonly presets: { readonly 'self-forcing': PresetConfig; readonly 'rolling-forcing': PresetConfig };
}

/** A model's configuration: its three parts, and what its runs default to. */
export interface ModelConfig {
  readonly name: string;
  readonly description?: string;
  readonly transformer: TransformerConfig;
  readonly vae: VaeConfig;
  readonly text_encoder: TextEncoderConfig;
  readonly sampling: SamplingConfig;
}
