import { ensure } from '../../../errors.js';
import type { RawConfig } from '../config.js';
import type { Part } from './names.js';
import { SECTIONS, type StatedConfig } from './partConfig.js';

// How many blocks a model has shows in its tensors alone only as how many are there: a file that lost its last ones
// looks like a smaller model. So what a config.json says, and what was published, is held against it.

/** Layers of the published models, by their width. */
const PUBLISHED: Readonly<Record<Part, Readonly<Record<number, number>>>> = {
  transformer: { 1536: 30, 5120: 40 },
  vae: {},
  'text-encoder': { 4096: 24 },
  'tiny-vae': {},
};

/** How many layers every published model of this width has; undefined where there is none. */
export function publishedDepth(part: Part, dim: unknown): number | undefined {
  return PUBLISHED[part][dim as number];
}

/**
 * Throws where a file has not as many layers as a config.json for its width says, or, where none does, as every
 * published model of that width has.
 *
 * @param detected what the tensors show
 * @param stated the configurations that speak of these weights, the nearest first: beside them, then the model folder's
 * @param file how errors name it
 */
export function ensureDepth(part: Part, detected: RawConfig, stated: readonly StatedConfig[], file: string): void {
  const { dim, num_layers: found } = detected;
  if (typeof found !== 'number') return;
  const speaking = stated
    .map(({ label, config }) => ({ source: `as ${label} says`, ...sizesIn(config, part) }))
    .find((sizes) => sizes.layers !== undefined && (sizes.dim === undefined || sizes.dim === dim));
  const published = publishedDepth(part, dim);
  const expected = speaking?.layers ?? published;
  if (expected === undefined || expected === found) return;
  const source = speaking?.source ?? `as published ${part}s of width ${dim} have`;
  const kind = part === 'text-encoder' ? 'layers' : 'blocks';
  const difference =
    Number(expected) > found
      ? `${Number(expected) - found} of its ${kind} are missing: the file was cut or saved in part. Download or export it again`
      : `it has more than belong to it. Give the weights that the config.json is for`;
  ensure(
    false,
    `${file}: expected ${expected} ${kind} in this ${part}, ${source}, found ${found}: ${difference}. ` +
      `If ${found} is right, say so in a config.json beside it: {"${SECTIONS[part]}": {"num_layers": ${found}}}.`,
  );
}

/** Width and layers of a part by a config.json of any origin: this program's, the official one, diffusers', transformers'. */
function sizesIn(config: RawConfig, part: Part): { dim?: unknown; layers?: unknown } {
  const section = config[SECTIONS[part]];
  if (typeof section === 'object' && section !== null) {
    const { dim, num_layers } = section as RawConfig;
    return { dim, layers: num_layers };
  }
  if (part === 'transformer' && 'dim' in config) return { dim: config.dim, layers: config.num_layers };
  if (part === 'transformer' && 'num_attention_heads' in config) {
    return { dim: Number(config.num_attention_heads) * Number(config.attention_head_dim), layers: config.num_layers };
  }
  if (part === 'text-encoder' && 'd_model' in config) return { dim: config.d_model, layers: config.num_layers };
  return {};
}
