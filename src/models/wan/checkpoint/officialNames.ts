/** The three networks of a Wan2.1 model. */
export type Part = 'transformer' | 'vae' | 'text-encoder';

type Rule = readonly [pattern: RegExp, replacement: string];

// diffusers/HF names to official names, first match of each rule in order. No tensor changes shape.
// Source: huggingface/diffusers `loaders/single_file_utils.py convert_wan_transformer_to_diffusers` and
// `convert_wan_vae_to_diffusers`, huggingface/transformers `models/umt5/modeling_umt5.py`.
const TRANSFORMER: readonly Rule[] = [
  [/^condition_embedder\.text_embedder\.linear_1\./, 'text_embedding.0.'],
  [/^condition_embedder\.text_embedder\.linear_2\./, 'text_embedding.2.'],
  [/^condition_embedder\.time_embedder\.linear_1\./, 'time_embedding.0.'],
  [/^condition_embedder\.time_embedder\.linear_2\./, 'time_embedding.2.'],
  [/^condition_embedder\.time_proj\./, 'time_projection.1.'],
  [/^proj_out\./, 'head.head.'],
  [/^scale_shift_table$/, 'head.modulation'],
  [/^(blocks\.\d+)\.scale_shift_table$/, '$1.modulation'],
  // The one norm with parameters: the third by its official number, the second by its place in the block.
  [/^(blocks\.\d+)\.norm2\./, '$1.norm3.'],
  [/^(blocks\.\d+)\.ffn\.net\.0\.proj\./, '$1.ffn.0.'],
  [/^(blocks\.\d+)\.ffn\.net\.2\./, '$1.ffn.2.'],
  [/^(blocks\.\d+)\.attn1\./, '$1.self_attn.'],
  [/^(blocks\.\d+)\.attn2\./, '$1.cross_attn.'],
  [/^(blocks\.\d+\.(?:self|cross)_attn)\.to_out\.0\./, '$1.o.'],
  [/^(blocks\.\d+\.(?:self|cross)_attn)\.to_([qkv])\./, '$1.$2.'],
];

const VAE: readonly Rule[] = [
  [/^quant_conv\./, 'conv1.'],
  [/^post_quant_conv\./, 'conv2.'],
  [/^(encoder|decoder)\.conv_in\./, '$1.conv1.'],
  [/^(encoder|decoder)\.norm_out\./, '$1.head.0.'],
  [/^(encoder|decoder)\.conv_out\./, '$1.head.2.'],
  [/^(encoder|decoder)\.mid_block\.resnets\.0\./, '$1.middle.0.'],
  [/^(encoder|decoder)\.mid_block\.attentions\.0\./, '$1.middle.1.'],
  [/^(encoder|decoder)\.mid_block\.resnets\.1\./, '$1.middle.2.'],
  [/^encoder\.down_blocks\./, 'encoder.downsamples.'],
  [/\.norm1\.gamma$/, '.residual.0.gamma'],
  [/\.norm2\.gamma$/, '.residual.3.gamma'],
  [/^((?:encoder|decoder)\.\w+\.[\w.]+)\.conv1\./, '$1.residual.2.'],
  [/^((?:encoder|decoder)\.\w+\.[\w.]+)\.conv2\./, '$1.residual.6.'],
  [/\.conv_shortcut\./, '.shortcut.'],
];

const TEXT_ENCODER: readonly Rule[] = [
  [/^shared\.weight$/, 'token_embedding.weight'],
  [/^encoder\.embed_tokens\.weight$/, 'token_embedding.weight'],
  [/^encoder\.final_layer_norm\./, 'norm.'],
  [/^encoder\.block\.(\d+)\.layer\.0\.layer_norm\./, 'blocks.$1.norm1.'],
  [/^encoder\.block\.(\d+)\.layer\.0\.SelfAttention\.relative_attention_bias\./, 'blocks.$1.pos_embedding.embedding.'],
  [/^encoder\.block\.(\d+)\.layer\.0\.SelfAttention\./, 'blocks.$1.attn.'],
  [/^encoder\.block\.(\d+)\.layer\.1\.layer_norm\./, 'blocks.$1.norm2.'],
  [/^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wi_0\./, 'blocks.$1.ffn.gate.0.'],
  [/^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wi_1\./, 'blocks.$1.ffn.fc1.'],
  [/^encoder\.block\.(\d+)\.layer\.1\.DenseReluDense\.wo\./, 'blocks.$1.ffn.fc2.'],
];

const RULES = { transformer: TRANSFORMER, vae: VAE, 'text-encoder': TEXT_ENCODER } as const;

/** The official name of a tensor that is named as in diffusers (text encoder: as in transformers). */
export function officialName(part: Part, name: string): string {
  const renamed = RULES[part].reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), name);
  return part === 'vae' ? flatDecoderIndex(renamed) : renamed;
}

/** Residual blocks in a decoder stage of Wan's VAE; an upsampler follows them. */
const BLOCKS_PER_STAGE = 3;

/** diffusers groups the decoder's flat list of layers by stage: `up_blocks.B.{resnets.R,upsamplers.0}`. */
function flatDecoderIndex(name: string): string {
  const grouped = /^decoder\.up_blocks\.(\d+)\.(?:resnets\.(\d+)|upsamplers\.0)\./.exec(name);
  if (!grouped) return name;
  const [prefix, stage, block = BLOCKS_PER_STAGE] = grouped;
  return `decoder.upsamples.${Number(stage) * (BLOCKS_PER_STAGE + 1) + Number(block)}.${name.slice(prefix.length)}`;
}
