import type { RawConfig } from '../config.js';
import type { Part } from './names.js';

/** A config.json: how errors name it, and what it says. */
export interface StatedConfig {
  readonly label: string;
  readonly config: RawConfig;
}

/** The sections of config.json by part. */
export const SECTIONS = {
  transformer: 'transformer',
  vae: 'vae',
  'text-encoder': 'text_encoder',
  'tiny-vae': 'tiny_vae',
} as const;

/** What no tensor's shape shows, by part: a configuration is needed for it, or the official defaults. */
const HIDDEN_FIELDS: Readonly<Record<Part, readonly string[]>> = {
  transformer: ['num_heads', 'text_len', 'eps'],
  vae: ['latents_mean', 'latents_std'],
  'text-encoder': [],
  'tiny-vae': ['decoder_space_upscale', 'frames_to_trim'],
};

/**
 * One part's configuration for a look at it alone: what the tensors show, completed from the first config.json that
 * speaks of the part.
 *
 * @param detected by `detectConfig`
 */
export function configOf(part: Part, detected: RawConfig, stated: readonly StatedConfig[]): RawConfig {
  const given = stated.map(({ config }) => partOf(config, part)).find((config) => config !== undefined);
  return given ? completed(part, detected, given) : detected;
}

/** What the tensors show, and of `given` only what they do not, where it is for weights as wide. */
export function completed(part: Part, detected: RawConfig, given: RawConfig): RawConfig {
  if (given.dim !== undefined && given.dim !== detected.dim) return detected;
  const hidden = HIDDEN_FIELDS[part].filter((field) => given[field] !== undefined);
  return { ...detected, ...Object.fromEntries(hidden.map((field) => [field, given[field]])) };
}

/**
 * One part's fields out of a config.json of any origin: this program's sections, the official file (the transformer's
 * fields alone), or the configuration of a diffusers or transformers model. Of the last, only what no tensor shows.
 */
export function partOf(config: RawConfig, part: Part): RawConfig | undefined {
  const section = config[SECTIONS[part]];
  if (isRecord(section)) return section;
  if (part === 'transformer' && 'dim' in config && 'num_layers' in config) return config;
  if (part === 'transformer' && 'num_attention_heads' in config) {
    // huggingface/diffusers `models/transformers/transformer_wan.py WanTransformer3DModel`
    return { num_heads: config.num_attention_heads, ...defined({ eps: config.eps }) };
  }
  if (part === 'vae' && 'base_dim' in config) {
    // huggingface/diffusers `models/autoencoders/autoencoder_kl_wan.py AutoencoderKLWan`
    return defined({ latents_mean: config.latents_mean, latents_std: config.latents_std });
  }
  return undefined;
}

function defined(fields: RawConfig): RawConfig {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isRecord(value: unknown): value is RawConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
