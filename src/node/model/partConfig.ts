import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Part } from '../../models/wan/checkpoint/names.js';
import { type RawConfig, readConfig } from '../../models/wan/config.js';

/** The sections of config.json by part. */
export const SECTIONS = { transformer: 'transformer', vae: 'vae', 'text-encoder': 'text_encoder' } as const;

/** What no tensor's shape shows, by part: a configuration is needed for it, or the official defaults. */
const HIDDEN_FIELDS: Readonly<Record<Part, readonly string[]>> = {
  transformer: ['num_heads', 'text_len', 'eps'],
  vae: ['latents_mean', 'latents_std'],
  'text-encoder': [],
};

/** What the config.json beside these weights says of this part; undefined where there is none, or it is silent. */
export async function configBeside(weights: string, part: Part): Promise<RawConfig | undefined> {
  const isFolder = (await stat(weights).catch(() => undefined))?.isDirectory() ?? false;
  return partOf(await readConfig(join(isFolder ? weights : dirname(weights), 'config.json')), part);
}

/**
 * One part's configuration for a look at it alone: what the tensors show, completed from the config.json beside the
 * weights or in the model's folder.
 *
 * @param detected by `detectConfig`
 */
export async function configOf(weights: string, part: Part, detected: RawConfig, folder?: string): Promise<RawConfig> {
  const beside = await configBeside(weights, part);
  const given = beside ?? (folder ? partOf(await readConfig(join(folder, 'config.json')), part) : undefined);
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
