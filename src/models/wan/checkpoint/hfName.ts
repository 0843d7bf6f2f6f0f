import type { Part } from './officialNames.js';

type Rule = readonly [pattern: RegExp, replacement: string];

// officialNames.ts the other way round; a name takes every rule that fits, in order. The tests hold the two against
// each other.
const TRANSFORMER: readonly Rule[] = [
  [/^text_embedding\.0\./, 'condition_embedder.text_embedder.linear_1.'],
  [/^text_embedding\.2\./, 'condition_embedder.text_embedder.linear_2.'],
  [/^time_embedding\.0\./, 'condition_embedder.time_embedder.linear_1.'],
  [/^time_embedding\.2\./, 'condition_embedder.time_embedder.linear_2.'],
  [/^time_projection\.1\./, 'condition_embedder.time_proj.'],
  [/^head\.head\./, 'proj_out.'],
  [/^head\.modulation$/, 'scale_shift_table'],
  [/\.modulation$/, '.scale_shift_table'],
  [/\.norm3\./, '.norm2.'],
  [/\.ffn\.0\./, '.ffn.net.0.proj.'],
  [/\.ffn\.2\./, '.ffn.net.2.'],
  [/\.self_attn\./, '.attn1.'],
  [/\.cross_attn\./, '.attn2.'],
  [/(\.attn[12])\.o\./, '$1.to_out.0.'],
  [/(\.attn[12])\.([qkv])\./, '$1.to_$2.'],
];

const VAE: readonly Rule[] = [
  [/^conv1\./, 'quant_conv.'],
  [/^conv2\./, 'post_quant_conv.'],
  [/^(encoder|decoder)\.conv1\./, '$1.conv_in.'],
  [/^(encoder|decoder)\.head\.0\./, '$1.norm_out.'],
  [/^(encoder|decoder)\.head\.2\./, '$1.conv_out.'],
  [/\.middle\.0\./, '.mid_block.resnets.0.'],
  [/\.middle\.1\./, '.mid_block.attentions.0.'],
  [/\.middle\.2\./, '.mid_block.resnets.1.'],
  [/^encoder\.downsamples\./, 'encoder.down_blocks.'],
  [/\.residual\.0\.gamma$/, '.norm1.gamma'],
  [/\.residual\.3\.gamma$/, '.norm2.gamma'],
  [/\.residual\.2\./, '.conv1.'],
  [/\.residual\.6\./, '.conv2.'],
  [/\.shortcut\./, '.conv_shortcut.'],
];

const TEXT_ENCODER: readonly Rule[] = [
  [/^token_embedding\.weight$/, 'shared.weight'],
  [/^norm\./, 'encoder.final_layer_norm.'],
  [/^blocks\.(\d+)\.norm1\./, 'encoder.block.$1.layer.0.layer_norm.'],
  [/^blocks\.(\d+)\.pos_embedding\.embedding\./, 'encoder.block.$1.layer.0.SelfAttention.relative_attention_bias.'],
  [/^blocks\.(\d+)\.attn\./, 'encoder.block.$1.layer.0.SelfAttention.'],
  [/^blocks\.(\d+)\.norm2\./, 'encoder.block.$1.layer.1.layer_norm.'],
  [/^blocks\.(\d+)\.ffn\.gate\.0\./, 'encoder.block.$1.layer.1.DenseReluDense.wi_0.'],
  [/^blocks\.(\d+)\.ffn\.fc1\./, 'encoder.block.$1.layer.1.DenseReluDense.wi_1.'],
  [/^blocks\.(\d+)\.ffn\.fc2\./, 'encoder.block.$1.layer.1.DenseReluDense.wo.'],
];

const RULES = { transformer: TRANSFORMER, vae: VAE, 'text-encoder': TEXT_ENCODER } as const;

/** Layers of a stage of the VAE's decoder: three residual blocks, and the upsampling that follows all but the last. */
const LAYERS_PER_STAGE = 4;

/** What diffusers (for the text encoder: transformers) calls the tensor with this official name. */
export function hfName(part: Part, official: string): string {
  const renamed = RULES[part].reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), official);
  return renamed.replace(/^decoder\.upsamples\.(\d+)/, (_, index) => {
    const stage = `decoder.up_blocks.${Math.floor(index / LAYERS_PER_STAGE)}`;
    const layer = index % LAYERS_PER_STAGE;
    return layer === LAYERS_PER_STAGE - 1 ? `${stage}.upsamplers.0` : `${stage}.resnets.${layer}`;
  });
}
