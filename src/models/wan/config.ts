import * as z from 'zod';
import { TokenTrimError } from '../../errors.js';
import { whatElse } from '../../weights/foreignFile.js';
import type { ModelConfig, SamplingConfig, TextEncoderConfig, TransformerConfig, VaeConfig } from './modelConfig.js';

export type * from './modelConfig.js';

// Each schema beside its type in `modelConfig.ts`. They are internal: the library's types would ask for zod's.

const count = z.int().positive();
/** Far above any Wan model, far below what would make a derived list of tensors exhaust memory. */
const layers = count.max(1000);

/** @internal The schema of TransformerConfig. */
export const transformerSchema = z
  .object({
    model_type: z.literal('t2v', 'only text-to-video ("t2v") models can be run'),
    patch_size: z.tuple([count, count, count]),
    text_len: count,
    in_dim: count,
    dim: count,
    ffn_dim: count,
    freq_dim: count,
    text_dim: count,
    out_dim: count,
    num_heads: count,
    num_layers: layers,
    qk_norm: z.literal(true, 'models without normalised queries and keys cannot be run'),
    cross_attn_norm: z.literal(true, 'models without a norm before cross-attention cannot be run'),
    eps: z.number().positive().max(1e-2),
  })
  .superRefine(({ dim, num_heads, freq_dim, patch_size, in_dim, out_dim }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (dim % num_heads !== 0) refuse(`dim ${dim} must be a multiple of num_heads ${num_heads}`);
    else if ((dim / num_heads) % 2 !== 0)
      refuse(`the head width ${dim / num_heads} (dim / num_heads) must be even for RoPE`);
    if (freq_dim % 2 !== 0) refuse(`freq_dim ${freq_dim} must be even: half cosines, half sines`);
    if (patch_size[0] !== 1) refuse(`patch_size must cover one latent frame, found ${patch_size[0]}`);
    if (in_dim !== out_dim)
      refuse(`in_dim ${in_dim} must equal out_dim ${out_dim}; more inputs belong to image-to-video`);
  }) satisfies z.ZodType<TransformerConfig>;

/** @internal The schema of VaeConfig. */
export const vaeSchema = z
  .object({
    dim: count,
    z_dim: count,
    dim_mult: z.array(count).min(1).max(16),
    num_res_blocks: count.max(100),
    attn_scales: z.array(z.number()).max(0, 'attention between the residual blocks (attn_scales) is not supported'),
    temperal_downsample: z.array(z.boolean()),
    latents_mean: z.array(z.number()),
    latents_std: z.array(z.number().positive()),
  })
  .superRefine(({ dim, dim_mult, z_dim, temperal_downsample, latents_mean, latents_std }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (temperal_downsample.length !== dim_mult.length - 1)
      refuse(`temperal_downsample needs ${dim_mult.length - 1} entries, one fewer than dim_mult`);
    if (latents_mean.length !== z_dim)
      refuse(`latents_mean needs z_dim = ${z_dim} numbers, found ${latents_mean.length}`);
    if (latents_std.length !== z_dim) refuse(`latents_std needs z_dim = ${z_dim} numbers, found ${latents_std.length}`);
    if (dim_mult.slice(1).some((factor) => (factor * dim) % 2 !== 0))
      refuse('every width dim * dim_mult after the first must be even: each upsampling halves it');
  }) satisfies z.ZodType<VaeConfig>;

/** @internal The schema of TextEncoderConfig. */
export const textEncoderSchema = z
  .object({
    type: z.literal('umt5'),
    vocab: count,
    dim: count,
    dim_attn: count,
    dim_ffn: count,
    num_heads: count,
    num_layers: layers,
    num_buckets: count.multipleOf(4),
    shared_pos: z.literal(false, 'T5 with one position table for all layers cannot be run; umT5 has one a layer'),
  })
  .refine(
    ({ dim_attn, num_heads }) => dim_attn % num_heads === 0,
    'dim_attn must be a multiple of num_heads',
  ) satisfies z.ZodType<TextEncoderConfig>;

const presetSchema = z.object({
  denoising_step_list: z.array(z.number().positive().max(1000)).min(1),
  warp_denoising_step: z.boolean(),
  local_attn_size: z.union([z.literal(-1), count]).optional(),
  sink_size: z.int().nonnegative().optional(),
});

const samplingSchema = z.object({
  width: count,
  height: count,
  fps: z.number().positive(),
  frames_per_block: count,
  timestep_shift: z.number().positive(),
  context_noise: z.number().nonnegative(),
  presets: z.object({ 'self-forcing': presetSchema, 'rolling-forcing': presetSchema }),
}) satisfies z.ZodType<SamplingConfig>;

/** @internal The schema of ModelConfig. */
export const modelSchema = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    transformer: transformerSchema,
    vae: vaeSchema,
    text_encoder: textEncoderSchema,
    sampling: samplingSchema,
  })
  .superRefine(({ transformer, vae, text_encoder }, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (transformer.in_dim !== vae.z_dim)
      refuse(
        `the transformer works on ${transformer.in_dim} latent channels, the VAE on ${vae.z_dim}: they are not a pair`,
      );
    if (transformer.text_dim !== text_encoder.dim)
      refuse(
        `the transformer reads text of width ${transformer.text_dim}, the text encoder writes ${text_encoder.dim}: they are not a pair`,
      );
  }) satisfies z.ZodType<ModelConfig>;

/** Fields of config.json as found: sections and fields may be absent, nothing is checked yet. */
export type RawConfig = { readonly [field: string]: unknown };

/** What to do about a config.json that is none. */
export const CONFIG_ADVICE = 'Correct it, or remove it to have it derived from the weights.';

/**
 * The fields of a config.json.
 * @throws TokenTrimError for a text that is no JSON object
 */
export function readConfigText(text: string, label: string): RawConfig {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw new TokenTrimError(`${label} is not a JSON object${whatElse(text)}. ${CONFIG_ADVICE}`, { cause });
  }
}

/** @internal Checks a configuration; the error names each wrong field and what it should be. */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, raw: unknown, label: string): z.infer<Schema> {
  const result = schema.safeParse(raw, {
    error: (issue) =>
      issue.input === undefined ? 'missing, and the weights do not show it: give it in config.json' : undefined,
  });
  if (result.success) return result.data;
  const issues = result.error.issues.map(
    ({ path, message }) => `  ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`,
  );
  throw new TokenTrimError(
    `${label}: the configuration does not describe a model that can be run:\n${issues.join('\n')}`,
  );
}
