import type * as z from 'zod';
import type { TensorSource } from '../../../weights/tensorSource.js';
import {
  type ModelConfig,
  modelSchema,
  parseConfig,
  type RawConfig,
  textEncoderSchema,
  transformerSchema,
  type VaeConfig,
  vaeSchema,
} from '../config.js';
import { tinyVaeSchema } from '../tinyVae/tinyVaeConfig.js';
import { SAMPLING_DEFAULTS } from '../wanDefaults.js';
import { ensureDepth } from './depth.js';
import { detectConfig } from './detectConfig.js';
import type { Network } from './names.js';
import { completed, partOf, SECTIONS, type StatedConfig } from './partConfig.js';

/** Weights whose configuration is asked for. */
export interface ConfiguredPart {
  /** Under official names. */
  readonly tensors: TensorSource;
  /** True for weights that the model's config.json was not written for: those given one by one, and training checkpoints. */
  readonly isForeign: boolean;
  /** Reads the config.json that lies beside them, if any does; it may be the model's own. */
  readonly beside?: () => Promise<StatedConfig>;
}

/** The schema of each part's section of config.json. */
export const PART_SCHEMAS = {
  transformer: transformerSchema,
  vae: vaeSchema,
  'text-encoder': textEncoderSchema,
  'tiny-vae': tinyVaeSchema,
} as const;
const PARTS = ['transformer', 'vae', 'text-encoder'] as const;

/**
 * A model's configuration: what its config.json says, then the one beside the weights, over what the tensors show, over
 * the official defaults. Of foreign weights the tensors show the architecture, and config.json only counts for what they
 * do not show, where it is for weights as wide.
 *
 * @param stated the model's config.json; its label names the configuration in errors
 * @param latentSpace what stands for the VAE's where there is none, only a tiny one
 */
export async function completeConfig(
  stated: StatedConfig,
  name: unknown,
  parts: Readonly<Record<Exclude<Network, 'vae'>, ConfiguredPart>> & { readonly vae?: ConfiguredPart },
  latentSpace?: VaeConfig,
): Promise<ModelConfig> {
  const config: Record<string, unknown> = {
    ...stated.config,
    name,
    sampling: merge(SAMPLING_DEFAULTS, stated.config.sampling),
  };
  for (const part of PARTS) {
    const weights = parts[part];
    config[SECTIONS[part]] = weights
      ? await completePart(part, weights, stated)
      : (stated.config[SECTIONS[part]] ?? latentSpace);
  }
  return parseConfig(modelSchema, config, stated.label);
}

async function completePart(part: Network, weights: ConfiguredPart, model: StatedConfig): Promise<unknown> {
  const { tensors, isForeign } = weights;
  const besideThem = async () => (await weights.beside?.()) ?? { label: '', config: {} };
  const detect = async () => {
    const detected = detectConfig(part, tensors);
    ensureDepth(part, detected, [await besideThem(), model], tensors.label);
    return detected;
  };
  const schema: z.ZodType = PART_SCHEMAS[part];
  const fromModel = model.config[SECTIONS[part]] ?? partOf(model.config, part);
  if (!isForeign) {
    const given = fromModel ?? partOf((await besideThem()).config, part);
    // Tensors are asked only where config.json leaves something open: a damaged file is then described in full later.
    return schema.safeParse(given).success ? given : merge(await detect(), given);
  }
  const detected = await detect();
  // What the config.json beside the weights leaves open, the model's may say.
  const given = [fromModel as RawConfig | undefined, partOf((await besideThem()).config, part)];
  return given.reduce<RawConfig>((config, stated) => (stated ? completed(part, config, stated) : config), detected);
}

function merge(defaults: object, given: unknown): unknown {
  if (given === undefined) return defaults;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  return { ...defaults, ...given };
}
