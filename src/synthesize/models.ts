import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ExpectedTensors,
  textEncoderTensors,
  transformerTensors,
  vaeDecoderTensors,
  vaeEncoderTensors,
} from '../models/wan/checkpoint/expectedTensors.js';
import type { Part } from '../models/wan/checkpoint/names.js';
import { type ModelConfig, modelSchema } from '../models/wan/config.js';
import type { TinyVaeConfig } from '../models/wan/tinyVae/tinyVaeConfig.js';
import { tinyVaeTensors } from '../models/wan/tinyVae/tinyVaeTensors.js';
import { LATENT_STATISTICS, SAMPLING_DEFAULTS, TRANSFORMER_DEFAULTS } from '../models/wan/wanDefaults.js';
import { toyWorld } from '../node/model/toyWorld.js';

/** The models that can be imitated. */
export const LIKES = ['wan2.1-1.3b', 'toy'] as const;
export type Like = (typeof LIKES)[number];

/** Wan-Video/Wan2.1 `wan/configs/wan_t2v_1_3B.py`, `wan/modules/vae.py _video_vae`, `wan/modules/t5.py umt5_xxl`. */
const WAN_1_3B: ModelConfig = {
  name: 'wan2.1-1.3b with random weights',
  transformer: {
    ...TRANSFORMER_DEFAULTS,
    patch_size: [1, 2, 2],
    in_dim: 16,
    dim: 1536,
    ffn_dim: 8960,
    freq_dim: 256,
    text_dim: 4096,
    out_dim: 16,
    num_heads: 12,
    num_layers: 30,
    qk_norm: true,
    cross_attn_norm: true,
  },
  vae: {
    dim: 96,
    z_dim: 16,
    dim_mult: [1, 2, 4, 4],
    num_res_blocks: 2,
    attn_scales: [],
    temperal_downsample: [false, true, true],
    ...LATENT_STATISTICS,
  },
  text_encoder: {
    type: 'umt5',
    vocab: 256384,
    dim: 4096,
    dim_attn: 4096,
    dim_ffn: 10240,
    num_heads: 64,
    num_layers: 24,
    num_buckets: 32,
    shared_pos: false,
  },
  sampling: SAMPLING_DEFAULTS,
};

/** Of the published tiny VAE, whose latents are those of every Wan2.1. Source: madebyollin/taehv taehv.py TAEHV. */
export const TAEW_2_1: TinyVaeConfig = {
  decoder_widths: [256, 128, 64, 64],
  encoder_width: 64,
  latent_channels: 16,
  patch_size: 1,
  decoder_time_upscale: [false, true, true],
  decoder_space_upscale: [true, true, true],
  encoder_time_downscale: [true, true, false],
  frames_to_trim: 3,
};

/** The sizes of a model, with at most `layers` layers in the transformer and in the text encoder. */
export async function modelLike(like: Like, layers = Number.POSITIVE_INFINITY): Promise<ModelConfig> {
  const model = like === 'toy' ? await toyModel() : WAN_1_3B;
  const fewer = <Config extends { num_layers: number }>(config: Config): Config => ({
    ...config,
    num_layers: Math.min(config.num_layers, layers),
  });
  return { ...model, transformer: fewer(model.transformer), text_encoder: fewer(model.text_encoder) };
}

async function toyModel(): Promise<ModelConfig> {
  const { description: _, ...model } = modelSchema.parse(
    JSON.parse(await readFile(join(toyWorld, 'config.json'), 'utf8')),
  );
  return { ...model, name: 'toy-world with random weights' };
}

/** Official names and shapes of all tensors of a part. */
export function partTensors(part: Part, { transformer, vae, text_encoder }: ModelConfig): ExpectedTensors {
  if (part === 'transformer') return transformerTensors(transformer);
  if (part === 'tiny-vae') return tinyVaeTensors(TAEW_2_1);
  if (part === 'text-encoder') return textEncoderTensors(text_encoder);
  return new Map([...vaeEncoderTensors(vae), ...vaeDecoderTensors(vae)]);
}

/** Width of an attention head; the VAE's one head counts as wide as its width. */
export function headDimOf(part: Part, { transformer, vae, text_encoder }: ModelConfig): number {
  if (part === 'transformer') return transformer.dim / transformer.num_heads;
  if (part === 'text-encoder') return text_encoder.dim_attn / text_encoder.num_heads;
  return vae.dim * vae.dim_mult[vae.dim_mult.length - 1];
}
