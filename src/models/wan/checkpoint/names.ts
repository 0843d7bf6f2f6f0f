/** The three networks of a Wan2.1 model. */
export type Network = 'transformer' | 'vae' | 'text-encoder';

/** What weights may be: one of them, or a tiny VAE beside or in the place of its own. */
export type Part = Network | 'tiny-vae';

/** Wan2.1's own names, or those of diffusers (text encoder: transformers). */
export type Naming = 'official' | 'hf';

/**
 * A module by its official name and by that of diffusers or transformers, and what lies in it; a tensor where nothing
 * does. `#` is any number, the same in both names.
 */
type Row = readonly [official: string, hf: string, inside?: readonly Row[]];

const tensors = (...names: string[]): readonly Row[] => names.map((name) => [name, name]);
const WEIGHT = tensors('weight');
const GAMMA = tensors('gamma');
/** A linear layer, a convolution or a norm. */
const LAYER = tensors('weight', 'bias');

// The whole correspondence, for reading and for writing. No tensor changes its shape.
// Source: huggingface/diffusers `loaders/single_file_utils.py convert_wan_transformer_to_diffusers` and
// `convert_wan_vae_to_diffusers`, huggingface/transformers `models/umt5/modeling_umt5.py`.

const ATTENTION: readonly Row[] = [
  ['q', 'to_q', LAYER],
  ['k', 'to_k', LAYER],
  ['v', 'to_v', LAYER],
  ['o', 'to_out.0', LAYER],
  ['norm_q', 'norm_q', WEIGHT],
  ['norm_k', 'norm_k', WEIGHT],
];

const TRANSFORMER_BLOCK: readonly Row[] = [
  ['modulation', 'scale_shift_table'],
  ['self_attn', 'attn1', ATTENTION],
  ['cross_attn', 'attn2', ATTENTION],
  // The one norm with parameters: the third by its official number, the second by its place in the block.
  ['norm3', 'norm2', LAYER],
  ['ffn.0', 'ffn.net.0.proj', LAYER],
  ['ffn.2', 'ffn.net.2', LAYER],
];

const TRANSFORMER: readonly Row[] = [
  ['patch_embedding', 'patch_embedding', LAYER],
  ['text_embedding.0', 'condition_embedder.text_embedder.linear_1', LAYER],
  ['text_embedding.2', 'condition_embedder.text_embedder.linear_2', LAYER],
  ['time_embedding.0', 'condition_embedder.time_embedder.linear_1', LAYER],
  ['time_embedding.2', 'condition_embedder.time_embedder.linear_2', LAYER],
  ['time_projection.1', 'condition_embedder.time_proj', LAYER],
  ['blocks.#', 'blocks.#', TRANSFORMER_BLOCK],
  ['head.head', 'proj_out', LAYER],
  ['head.modulation', 'scale_shift_table'],
];

const RESIDUAL: readonly Row[] = [
  ['residual.0', 'norm1', GAMMA],
  ['residual.2', 'conv1', LAYER],
  ['residual.3', 'norm2', GAMMA],
  ['residual.6', 'conv2', LAYER],
  ['shortcut', 'conv_shortcut', LAYER], // only where the width changes
];

const RESAMPLE: readonly Row[] = [
  ['resample.1', 'resample.1', LAYER],
  ['time_conv', 'time_conv', LAYER], // only where time is resampled too
];

const VAE_ATTENTION: readonly Row[] = [
  ['norm', 'norm', GAMMA],
  ['to_qkv', 'to_qkv', LAYER],
  ['proj', 'proj', LAYER],
];

/** What the encoder and the decoder have alike. */
const VAE_HALF: readonly Row[] = [
  ['conv1', 'conv_in', LAYER],
  ['middle.0', 'mid_block.resnets.0', RESIDUAL],
  ['middle.1', 'mid_block.attentions.0', VAE_ATTENTION],
  ['middle.2', 'mid_block.resnets.1', RESIDUAL],
  ['head.0', 'norm_out', GAMMA],
  ['head.2', 'conv_out', LAYER],
];

/** As many stages as a configuration may have; Wan2.1's VAE has four. */
const STAGES = Array.from({ length: 16 }, (_, stage) => stage);

/** A stage of the decoder, whose layers diffusers numbers by stage: three residual blocks, an upsampling after them. */
const decoderStage = (stage: number): readonly Row[] => [
  [`upsamples.${4 * stage}`, `up_blocks.${stage}.resnets.0`, RESIDUAL],
  [`upsamples.${4 * stage + 1}`, `up_blocks.${stage}.resnets.1`, RESIDUAL],
  [`upsamples.${4 * stage + 2}`, `up_blocks.${stage}.resnets.2`, RESIDUAL],
  [`upsamples.${4 * stage + 3}`, `up_blocks.${stage}.upsamplers.0`, RESAMPLE],
];

const VAE: readonly Row[] = [
  ['conv1', 'quant_conv', LAYER],
  ['conv2', 'post_quant_conv', LAYER],
  ['encoder', 'encoder', [...VAE_HALF, ['downsamples.#', 'down_blocks.#', [...RESIDUAL, ...RESAMPLE]]]],
  ['decoder', 'decoder', [...VAE_HALF, ...STAGES.flatMap(decoderStage)]],
];

const TEXT_ENCODER_BLOCK: readonly Row[] = [
  ['norm1', 'layer.0.layer_norm', WEIGHT],
  ['pos_embedding.embedding', 'layer.0.SelfAttention.relative_attention_bias', WEIGHT],
  ['attn', 'layer.0.SelfAttention', tensors('q.weight', 'k.weight', 'v.weight', 'o.weight')],
  ['norm2', 'layer.1.layer_norm', WEIGHT],
  ['ffn.gate.0', 'layer.1.DenseReluDense.wi_0', WEIGHT],
  ['ffn.fc1', 'layer.1.DenseReluDense.wi_1', WEIGHT],
  ['ffn.fc2', 'layer.1.DenseReluDense.wo', WEIGHT],
];

const TEXT_ENCODER: readonly Row[] = [
  ['token_embedding', 'shared', WEIGHT],
  ['token_embedding', 'encoder.embed_tokens', WEIGHT], // a second name, under which some files have it
  ['blocks.#', 'encoder.block.#', TEXT_ENCODER_BLOCK],
  ['norm', 'encoder.final_layer_norm', WEIGHT],
];

/** Known by their numbers alone. Source: madebyollin/taehv taehv.py TAEHV. */
const TINY_HALF: readonly Row[] = [
  ['#', '#', LAYER], // a convolution
  ['#.conv', '#.conv', WEIGHT], // fewer or more frames
  ['#.conv.#', '#.conv.#', LAYER], // a convolution of a block that remembers
];

const TINY_VAE: readonly Row[] = [
  ['encoder', 'encoder', TINY_HALF],
  ['decoder', 'decoder', TINY_HALF],
];

const TABLE: Readonly<Record<Part, readonly Row[]>> = {
  transformer: TRANSFORMER,
  vae: VAE,
  'text-encoder': TEXT_ENCODER,
  'tiny-vae': TINY_VAE,
};

const [OFFICIAL, HF] = [0, 1] as const;
type Column = typeof OFFICIAL | typeof HF;

/** The official name of a tensor that is named as in diffusers (text encoder: as in transformers). */
export function officialName(part: Part, name: string): string {
  return rename(TABLE[part], HF, OFFICIAL, name.split('.')).join('.');
}

/** What diffusers (text encoder: transformers) calls the tensor with this official name. */
export function hfName(part: Part, official: string): string {
  return rename(TABLE[part], OFFICIAL, HF, official.split('.')).join('.');
}

/** The tensor with this official name, as `naming` has it. */
export function nameBy(naming: Naming, part: Part, official: string): string {
  return naming === 'hf' ? hfName(part, official) : official;
}

/** Every name that a part's tensors have by one naming, `#` where any number may stand. */
export function namePatterns(part: Part, naming: Naming): string[] {
  return patternsOf(TABLE[part], naming === 'hf' ? HF : OFFICIAL);
}

/** The first row that fits renames its module; the rows inside it, what follows. What no row knows stays as it is. */
function rename(rows: readonly Row[], from: Column, to: Column, tokens: readonly string[]): readonly string[] {
  for (const row of rows) {
    const module = row[from].split('.');
    if (!module.every((token, place) => fits(token, tokens[place]))) continue;
    const number = tokens[module.indexOf('#')];
    const renamed = row[to].split('.').map((token) => (token === '#' ? number : token));
    return [...renamed, ...rename(row[2] ?? [], from, to, tokens.slice(module.length))];
  }
  return tokens;
}

function fits(token: string, found: string | undefined): boolean {
  return token === found || (token === '#' && /^\d+$/.test(found ?? ''));
}

function patternsOf(rows: readonly Row[], column: Column): string[] {
  return rows.flatMap((row) => {
    const [module, inside] = [row[column], row[2]];
    return inside ? patternsOf(inside, column).map((name) => `${module}.${name}`) : [module];
  });
}
