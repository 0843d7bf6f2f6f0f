import { quote } from '../../../weights/quote.js';
import { isFloat, isFloat8, type StoredType } from '../../../weights/storedType.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import { type Naming, nameBy, type Part } from './names.js';
import { findStructure, type Structure } from './structure.js';

/** What a file holds, told by its tensor names. `hf` is the naming of diffusers and transformers. */
export type Detection =
  | { readonly part: Part; readonly naming: Naming }
  | { readonly part: 'unknown'; readonly naming: 'unknown' };

/** Which part a source holds and by which naming; what is wrapped around it does not matter. */
export function detectPart(source: Pick<TensorSource, 'names'>): Detection {
  const found = findStructure(source.names());
  return found ? { part: found.part, naming: found.naming } : { part: 'unknown', naming: 'unknown' };
}

/** Why a file that is recognised cannot be run all the same, to follow "this is"; undefined for one that can. */
export function whyUnusable(source: TensorSource, part?: Part): string | undefined {
  const found = findStructure(source.names(), part);
  return found && unusableBecause(source, found);
}

const TEXT_TO_VIDEO = 'Use a text-to-video one, such as Wan2.1-T2V-1.3B.';

/** What only other models of Wan's family have, by either naming, and what those models are. */
const FAMILY: readonly [key: RegExp, what: string][] = [
  [/(?:^|\.)vace_/, 'an image-to-video or VACE checkpoint (VACE)'],
  [
    /(?:^|\.)img_emb\.emb_pos$|image_embedder\.pos_embed$/,
    'an image-to-video or VACE checkpoint (first and last frame, FLF2V)',
  ],
  [
    /(?:^|\.)img_emb\.|condition_embedder\.image_embedder\.|\.(?:[kv]_img|norm_k_img|add_[kv]_proj|norm_added_k)\./,
    'an image-to-video or VACE checkpoint (I2V)',
  ],
  [
    /(?:^|\.)(?:control_adapter|ref_conv|cam_encoder|camera_\w+)\./,
    'a checkpoint that is controlled by cameras or pictures',
  ],
  [
    /(?:^|\.)(?:audio_\w+|casual_audio_encoder|face_adapter|motion_encoder|pose_patch_embedding)\./,
    'a checkpoint driven by sound or motion (S2V, Animate)',
  ],
];

/**
 * Why a part that is recognised cannot be run all the same, to follow "this is", with what to do; undefined for one that
 * can, as far as names and types tell.
 */
export function unusableBecause(source: TensorSource, structure: Structure): string | undefined {
  const names = [...structure.names];
  for (const [key, what] of FAMILY) {
    const found = names.find(([, bare]) => key.test(bare));
    if (found) return `${what}: it has ${quote(found[0])}. ${TEXT_TO_VIDEO}`;
  }
  const adapter = describeAdapter([...structure.names.keys()]);
  if (adapter)
    return `a ${structure.part} with a LoRA that is not merged into it: merge it (PEFT's merge_and_unload) and save it again.`;
  return describeQuantisation(source, structure) ?? otherShape(source, structure) ?? otherT5(structure);
}

/** Models whose names are those of Wan2.1's text-to-video, but not their sizes. */
function otherShape(source: TensorSource, { part, names, naming }: Structure): string | undefined {
  if (part !== 'transformer') return undefined;
  const shapeOf = (official: string) => {
    const wanted = nameBy(naming, part, official);
    const name = [...names].find(([, bare]) => bare === wanted)?.[0];
    return name === undefined ? [] : source.info(name).shape;
  };
  const [dim, inputs, ...patch] = shapeOf('patch_embedding.weight');
  const [outputs] = shapeOf('head.head.weight');
  const area = patch.reduce((product, size) => product * size, 1);
  if (inputs === undefined || outputs === undefined || patch.length !== 3 || outputs % area !== 0) return undefined;
  if (dim === 3072 && inputs === 48) {
    return `Wan2.2-TI2V-5B, which works on the latents of another VAE (48 channels) and cannot be run. ${TEXT_TO_VIDEO}`;
  }
  if (inputs <= outputs / area) return undefined;
  return `an image-to-video or control checkpoint: it takes ${inputs} channels and gives ${outputs / area}. ${TEXT_TO_VIDEO}`;
}

function otherT5({ part, naming, names }: Structure): string | undefined {
  if (part !== 'text-encoder') return undefined;
  const bare = new Set(names.values());
  const has = (official: string) => bare.has(nameBy(naming, part, official));
  const table = (block: number) => `blocks.${block}.pos_embedding.embedding.weight`;
  if (has(table(0)) && !has(table(1)) && has('blocks.1.norm1.weight')) {
    return 'a T5 encoder, not umT5: it has one position table for all layers. Use umt5-xxl, as Wan2.1 does.';
  }
  if ([...bare].some((name) => /^decoder\.block\.\d+\./.test(name))) {
    return 'a whole T5 with its decoder, of which only the encoder is needed: use umt5-xxl as published with Wan2.1.';
  }
  return undefined;
}

const ADVICE = 'It cannot be run: use the bf16, fp16 or fp8 file.';

/** Ways of storing weights in few bits, by the tensors that come beside them: the first that fits. */
const SCHEMES: readonly [key: RegExp, scheme: string][] = [
  [/\.weight\.quant_state\.bitsandbytes__nf4$/, 'bitsandbytes NF4 (4-bit)'],
  [/\.weight\.quant_state\.bitsandbytes__fp4$/, 'bitsandbytes FP4 (4-bit)'],
  [/\.weight\.(?:absmax|quant_map|nested_absmax)$/, 'bitsandbytes 4-bit'],
  [/\.(?:SCB|weight_format)$/, 'bitsandbytes LLM.int8 (8-bit)'],
  [/\.(?:wscales|wtscale|wcscales|smooth_factor|proj_down|proj_up)$/, 'SVDQuant / Nunchaku (4-bit)'],
  [/\.g_idx$/, 'GPTQ'],
  [/\.qzeros$/, 'AWQ or GPTQ (4-bit)'],
  [/\.(?:W_q|W_q\.\w+)$/, 'HQQ'],
  [/\.weight\._(?:data|scale|packed|shift)$/, 'quanto'],
  [/\.(?:weight_scale_2|weight_global_scale)$/, 'NVFP4 (4-bit)'],
  [/(?:_blocks|\.weight_blocks)$/, 'MXFP4 (4-bit)'],
  [/\.weight_packed$/, 'compressed-tensors'],
  [/\.qweight$/, 'packed integers'],
  [/\.weight_scale_inv$/, '8-bit floats with a scale for each block'],
];

/** Keys by which a scheme counts only beside types that are no floats. */
const NEEDS_INTEGERS = /^(?:MXFP4|packed)/;

/**
 * Says of weights in few bits that they are, by which scheme, and what to use instead; undefined where every tensor that
 * the part needs is of floats that are read.
 */
export function describeQuantisation(source: TensorSource, { part, names }: Structure): string | undefined {
  const all = [...names.keys()];
  const strange = all.filter((name) => !isWeightType(source.info(name).dtype) && !/(?:^|\.)spiece_model$/.test(name));
  const found = SCHEMES.find(
    ([key, scheme]) => all.some((name) => key.test(name)) && (strange.length > 0 || !NEEDS_INTEGERS.test(scheme)),
  );
  if (found) {
    const example = all.find((name) => found[0].test(name));
    return `a ${part} quantised by ${found[1]}: it has ${quote(example)}. ${ADVICE}`;
  }
  const weights = strange.filter((name) => !isMarker(name));
  if (weights.length === 0) return undefined;
  const types = [...new Set(weights.map((name) => source.info(name).dtype))].sort().join(', ');
  const scheme = all.some((name) => /\.(?:weight_scale|scale_weight|scales?)$/.test(name)) ? 'with scales ' : '';
  return (
    `a ${part} whose weights are not all floats that can be read: ${weights.length} of ${all.length} tensors are ` +
    `${types} ${scheme}(${quote(weights[0])}), the numbers of a quantisation or a cast by mistake. ${ADVICE}`
  );
}

/** What the weights of a layer may be stored as. */
export function isWeightType(dtype: StoredType): boolean {
  return isFloat(dtype) || isFloat8(dtype);
}

/** Not weights but notes about them: ComfyUI's description of a layer's type, as a text. */
function isMarker(name: string): boolean {
  return /(?:^|\.)(?:comfy_quant|scaled_fp8|num_batches_tracked|position_ids)$/.test(name);
}

/** Adapters' tensors: PEFT's and diffusers', kohya's and musubi's, LyCORIS's. */
const ADAPTER_KEYS =
  /(?:^|[._])(?:lora_(?:A|B|down|up|mid|magnitude_vector|embedding_[AB])|lora\.(?:down|up)|lokr_(?:w1|w2|t2)|hada_(?:w1|w2|t1|t2)|dora_scale|oft_(?:blocks|diag|R)|ia3_[lw])(?:[._]|$)/;
/** Whole differences of weights, as ComfyUI keeps them beside a LoRA's matrices. */
const DIFFERENCE_KEYS = /\.(?:diff|diff_b|set_weight)$/;

/** Names that only files of one kind have, and what those files are: the first that fits. */
const OTHERS: readonly [key: RegExp, what: string][] = [
  [
    /(?:^|\.)(?:vision_model\.|visual\.(?:patch_embedding|conv1|transformer|cls_embedding)|text_model\.)/,
    'a CLIP model',
  ],
  [/(?:^|\.)decoder\.upsamples\.\d+\.upsamples\./, "the VAE of Wan2.2-TI2V-5B, which is another than Wan2.1's"],
  [/(?:^|\.)(?:double_blocks|single_blocks|single_transformer_blocks)\./, 'a transformer of Flux or HunyuanVideo'],
  [/(?:^|\.)(?:joint_blocks|context_embedder)\./, 'a transformer of Stable Diffusion 3'],
  [
    /(?:^|\.)transformer_blocks\.\d+\.(?:attn1?|norm1)\./,
    'a transformer of another model (CogVideoX, LTX or the like)',
  ],
  [/(?:^|\.)(?:input_blocks|output_blocks|middle_block|time_embed)\./, 'a U-Net of Stable Diffusion'],
  [/(?:^|\.)layers\.\d+\.(?:self_attn\.q_proj|mlp\.gate_proj|attention\.wq)\./, 'a language model'],
  [/(?:^|\.)decoder\.(?:up|mid)\.(?:\d+\.)?block/, 'the VAE of an image model'],
  [/(?:^|[./])(?:exp_avg|exp_avg_sq|momentum_buffer)$/, "an optimiser's state, without the weights"],
  [/^noise$|^renoise\.\d+$/, 'recorded noise, which `noise` takes'],
  [/^latents$/, 'recorded latents'],
];

/** What to do with an adapter. */
const ADAPTER_ADVICE =
  "It changes a model and is none by itself, and LoRAs are not applied here: merge it into its model (PEFT's merge_and_unload, diffusers' fuse_lora, ComfyUI's ModelSave) and give the merged file";

/** The same as {@link describeOther}, with what to do about it. */
export function explainOther(names: readonly string[]): string | undefined {
  const other = describeOther(names);
  return other && describeAdapter(names) ? `${other}. ${ADAPTER_ADVICE}` : other;
}

/** What a file that holds no part of Wan2.1 is, as far as its tensors' names tell: "a LoRA ...". */
export function describeOther(names: readonly string[]): string | undefined {
  return describeAdapter(names) ?? OTHERS.find(([key]) => names.some((name) => key.test(name)))?.[1];
}

/** A LoRA or the like, by any naming: kept in its own file it is no model. */
export function describeAdapter(names: readonly string[]): string | undefined {
  const adapted = names.filter((name) => ADAPTER_KEYS.test(name) || DIFFERENCE_KEYS.test(name)).length;
  if (adapted === 0) return undefined;
  const kinds = [
    names.some((name) => /lokr_/.test(name)) && 'LoKr',
    names.some((name) => /hada_/.test(name)) && 'LoHa',
    names.some((name) => /oft_/.test(name)) && 'OFT',
    names.some((name) => /dora_scale|lora_magnitude_vector/.test(name)) && 'DoRA',
  ].filter(Boolean);
  return kinds.length > 0 ? `a LoRA (${kinds.join(', ')})` : 'a LoRA';
}
