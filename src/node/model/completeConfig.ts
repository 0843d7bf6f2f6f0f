import type * as z from 'zod';
import { detectConfig } from '../../models/wan/checkpoint/detectConfig.js';
import type { Part } from '../../models/wan/checkpoint/names.js';
import {
  type ModelConfig,
  modelSchema,
  parseConfig,
  type RawConfig,
  textEncoderSchema,
  transformerSchema,
  vaeSchema,
} from '../../models/wan/config.js';
import { SAMPLING_DEFAULTS } from '../../models/wan/wanDefaults.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import { ensureDepth, type StatedConfig, statedConfigs } from './depth.js';
import { completed, configBeside, partOf, SECTIONS } from './partConfig.js';

/** Weights whose configuration is asked for. */
export interface ConfiguredPart {
  readonly path: string;
  /** Under official names. */
  readonly tensors: TensorSource;
  /** True for weights that the folder's config.json was not written for: those of a flag, and training checkpoints. */
  readonly isForeign: boolean;
}

const SCHEMAS = { transformer: transformerSchema, vae: vaeSchema, 'text-encoder': textEncoderSchema } as const;
const PARTS = ['transformer', 'vae', 'text-encoder'] as const;

/**
 * A model's configuration: what config.json says (the folder's, then the one beside the weights), over what the tensors
 * show, over the official defaults. Of foreign weights the tensors show the architecture, and config.json only counts
 * for what they do not show, where it is for weights as wide.
 *
 * @param label how errors name the configuration
 */
export async function completeConfig(
  label: string,
  name: unknown,
  folderConfig: RawConfig,
  parts: Readonly<Record<Part, ConfiguredPart>>,
): Promise<ModelConfig> {
  const config: Record<string, unknown> = {
    ...folderConfig,
    name,
    sampling: merge(SAMPLING_DEFAULTS, folderConfig.sampling),
  };
  const folder = { path: label, config: folderConfig };
  for (const part of PARTS) config[SECTIONS[part]] = await completePart(part, parts[part], folder);
  return parseConfig(modelSchema, config, label);
}

async function completePart(part: Part, weights: ConfiguredPart, folder: StatedConfig): Promise<unknown> {
  const { path, tensors, isForeign } = weights;
  const folderConfig = folder.config;
  const detect = async () => {
    const detected = detectConfig(part, tensors);
    ensureDepth(part, detected, await statedConfigs(path, folder), tensors.label);
    return detected;
  };
  const schema: z.ZodType = SCHEMAS[part];
  const fromFolder = folderConfig[SECTIONS[part]] ?? partOf(folderConfig, part);
  if (!isForeign) {
    const given = fromFolder ?? (await configBeside(path, part));
    // Tensors are asked only where config.json leaves something open: a damaged file is then described in full later.
    return schema.safeParse(given).success ? given : merge(await detect(), given);
  }
  const detected = await detect();
  // What the config.json beside the weights leaves open, the folder's may say.
  const given = [fromFolder as RawConfig | undefined, await configBeside(path, part)];
  return given.reduce<RawConfig>((config, stated) => (stated ? completed(part, config, stated) : config), detected);
}

function merge(defaults: object, given: unknown): unknown {
  if (given === undefined) return defaults;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  return { ...defaults, ...given };
}
