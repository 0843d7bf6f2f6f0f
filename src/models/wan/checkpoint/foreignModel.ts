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
  [/^(?:taew|taehv)?\.?(?:decoder|encoder)\.\d+\.(?:conv\.\d+\.)?(?:weight|bias)$/, 'a tiny VAE for previews (TAEHV)'],
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
  [/^noise$|^renoise\.\d+$/, 'recorded noise, which --noise takes'],
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
