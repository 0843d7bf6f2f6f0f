import { publishedDepth } from '../models/wan/checkpoint/depth.js';
import type { ModelConfig } from '../models/wan/config.js';
import type { Layout, SynthesisPart } from './layouts.js';
import type { Like } from './models.js';

/** The configuration files of a layout, by path, for the parts that are written. */
export function configFiles(
  layout: Layout,
  like: Like,
  model: ModelConfig,
  parts: ReadonlySet<SynthesisPart>,
): Map<string, unknown> {
  const { transformer, text_encoder } = model;
  // A model with fewer layers than the published one is taken for a cut file, unless a config.json says so.
  const isShallow =
    transformer.num_layers !== (publishedDepth('transformer', transformer.dim) ?? transformer.num_layers) ||
    text_encoder.num_layers !== (publishedDepth('text-encoder', text_encoder.dim) ?? text_encoder.num_layers);
  if (layout === 'tokentrim' || (layout === 'official' && isShallow)) return new Map([['config.json', model]]);
  if (layout === 'official') return new Map(parts.has('transformer') ? [['config.json', officialConfig(model)]] : []);
  const files = layout === 'diffusers' ? diffusersConfigs(model, parts) : new Map<string, unknown>();
  // No published layout has a place for all that the toy's tensors do not show (its heads, its latent statistics).
  if (like === 'toy' || isShallow) files.set('config.json', model);
  return files;
}

/** Wan-AI/Wan2.1-T2V-1.3B `config.json`: the transformer's sizes. */
function officialConfig({ transformer }: ModelConfig): unknown {
  const { dim, eps, ffn_dim, freq_dim, in_dim, model_type, num_heads, num_layers, out_dim, text_len } = transformer;
  return {
    _class_name: 'WanModel',
    _diffusers_version: '0.30.0',
    ...{ dim, eps, ffn_dim, freq_dim, in_dim, model_type, num_heads, num_layers, out_dim, text_len },
  };
}

/** Fields of huggingface/diffusers `WanTransformer3DModel`, `AutoencoderKLWan` and transformers `UMT5Config`. */
function diffusersConfigs(
  { transformer, vae, text_encoder }: ModelConfig,
  parts: ReadonlySet<SynthesisPart>,
): Map<string, unknown> {
  const files = new Map<string, unknown>([
    [
      'model_index.json',
      {
        _class_name: 'WanPipeline',
        _diffusers_version: '0.33.0.dev0',
        scheduler: ['diffusers', 'UniPCMultistepScheduler'],
        text_encoder: ['transformers', 'UMT5EncoderModel'],
        tokenizer: ['transformers', 'T5TokenizerFast'],
        transformer: ['diffusers', 'WanTransformer3DModel'],
        vae: ['diffusers', 'AutoencoderKLWan'],
      },
    ],
  ]);
  if (parts.has('transformer')) {
    files.set('transformer/config.json', {
      _class_name: 'WanTransformer3DModel',
      added_kv_proj_dim: null,
      attention_head_dim: transformer.dim / transformer.num_heads,
      cross_attn_norm: transformer.cross_attn_norm,
      eps: transformer.eps,
      ffn_dim: transformer.ffn_dim,
      freq_dim: transformer.freq_dim,
      image_dim: null,
      in_channels: transformer.in_dim,
      num_attention_heads: transformer.num_heads,
      num_layers: transformer.num_layers,
      out_channels: transformer.out_dim,
      patch_size: transformer.patch_size,
      qk_norm: 'rms_norm_across_heads',
      rope_max_seq_len: 1024,
      text_dim: transformer.text_dim,
    });
  }
  if (parts.has('vae')) {
    const { dim, ...rest } = vae;
    files.set('vae/config.json', { _class_name: 'AutoencoderKLWan', base_dim: dim, dropout: 0, ...rest });
  }
  if (parts.has('text-encoder')) {
    files.set('text_encoder/config.json', {
      architectures: ['UMT5EncoderModel'],
      d_ff: text_encoder.dim_ffn,
      d_kv: text_encoder.dim_attn / text_encoder.num_heads,
      d_model: text_encoder.dim,
      feed_forward_proj: 'gated-gelu',
      layer_norm_epsilon: 1e-6,
      model_type: 'umt5',
      num_heads: text_encoder.num_heads,
      num_layers: text_encoder.num_layers,
      relative_attention_max_distance: 128,
      relative_attention_num_buckets: text_encoder.num_buckets,
      vocab_size: text_encoder.vocab,
    });
  }
  return files;
}
