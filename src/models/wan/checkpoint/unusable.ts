import { quote } from '../../../weights/quote.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import { describeAdapter } from './foreignModel.js';
import type { Structure } from './nameStructure.js';
import { describeQuantisation } from './quantisation.js';

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
  const shapeOf = (wanted: string) => {
    const name = [...names].find(([, bare]) => bare === wanted)?.[0];
    return name === undefined ? [] : source.info(name).shape;
  };
  if (part !== 'transformer') return undefined;
  const [dim, inputs, ...patch] = shapeOf('patch_embedding.weight');
  const [outputs] = shapeOf(naming === 'hf' ? 'proj_out.weight' : 'head.head.weight');
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
  const table = (block: number) =>
    naming === 'hf'
      ? `encoder.block.${block}.layer.0.SelfAttention.relative_attention_bias.weight`
      : `blocks.${block}.pos_embedding.embedding.weight`;
  const next = naming === 'hf' ? 'encoder.block.1.layer.0.layer_norm.weight' : 'blocks.1.norm1.weight';
  if (bare.has(table(0)) && !bare.has(table(1)) && bare.has(next)) {
    return 'a T5 encoder, not umT5: it has one position table for all layers. Use umt5-xxl, as Wan2.1 does.';
  }
  if ([...bare].some((name) => /^decoder\.block\.\d+\./.test(name))) {
    return 'a whole T5 with its decoder, of which only the encoder is needed: use umt5-xxl as published with Wan2.1.';
  }
  return undefined;
}
