import { LATENT_STATISTICS } from '../wanDefaults.js';
import {
  type ExpectedTensors,
  textEncoderTensors,
  transformerTensors,
  vaeDecoderTensors,
  vaeEncoderTensors,
} from './expectedTensors.js';
import { hfName } from './hfName.js';
import type { Part } from './officialNames.js';

/** Wan2.1's own names, or those of diffusers (text encoder: transformers). */
export type Naming = 'official' | 'hf';

/** A place in the tree of a part's tensor names: what may follow the names that lead to it. */
export interface Rule {
  readonly children: Map<string, Rule>;
  isTensor: boolean;
}

/** The names that a part's tensors have by one naming; every number stands for any. */
export interface Grammar {
  readonly part: Part;
  readonly naming: Naming;
  readonly root: Rule;
  /** Tensors that no other model has under these names. */
  readonly marks: readonly string[];
}

/** A token of a name as the grammar has it. */
export const wildcard = (token: string): string => (/^\d+$/.test(token) ? '#' : token);

// The same tests as huggingface/diffusers `loaders/single_file_utils.py CHECKPOINT_KEY_NAMES` makes.
const MARKS: readonly [part: Part, naming: Naming, ...marks: string[]][] = [
  ['transformer', 'official', 'head.modulation'],
  ['transformer', 'hf', 'condition_embedder.time_proj.weight'],
  ['vae', 'official', 'decoder.middle.0.residual.0.gamma'],
  ['vae', 'hf', 'decoder.mid_block.resnets.0.norm1.gamma'],
  ['text-encoder', 'official', 'token_embedding.weight'],
  ['text-encoder', 'hf', 'shared.weight', 'encoder.embed_tokens.weight'],
];

let known: readonly Grammar[] | undefined;

/** Every part by either naming, in the order in which a file is tried. */
export function grammars(): readonly Grammar[] {
  known ??= MARKS.map(([part, naming, ...marks]) => {
    const official = [...namesOf(part).keys()];
    const names = naming === 'hf' ? [...official.map((name) => hfName(part, name)), ...marks] : official;
    return { part, naming, marks, root: ruleFor(names) };
  });
  return known;
}

/** As many names as it takes to show every one with its numbers left open; the sizes do not matter. */
function namesOf(part: Part): ExpectedTensors {
  const any = 2;
  if (part === 'text-encoder') {
    const sizes = { vocab: any, dim: any, dim_attn: any, dim_ffn: any, num_heads: any, num_buckets: 4 };
    return textEncoderTensors({ type: 'umt5', shared_pos: false, num_layers: 1, ...sizes });
  }
  if (part === 'vae') {
    const depth = { dim_mult: [1, 2, 4, 4], num_res_blocks: 2, temperal_downsample: [false, true, true] };
    const config = { dim: any, z_dim: any, attn_scales: [], ...depth, ...LATENT_STATISTICS };
    return new Map([...vaeDecoderTensors(config), ...vaeEncoderTensors(config)]);
  }
  const sizes = { text_len: any, in_dim: any, dim: any, ffn_dim: any, freq_dim: any, text_dim: any, out_dim: any };
  const fixed = { model_type: 't2v', qk_norm: true, cross_attn_norm: true, eps: 1e-6 } as const;
  return transformerTensors({ ...fixed, ...sizes, patch_size: [1, 1, 1], num_heads: any, num_layers: 1 });
}

function ruleFor(names: readonly string[]): Rule {
  const root: Rule = { children: new Map(), isTensor: false };
  for (const name of names) {
    let rule = root;
    for (const token of name.split('.').map(wildcard)) {
      const next: Rule = rule.children.get(token) ?? { children: new Map(), isTensor: false };
      rule.children.set(token, next);
      rule = next;
    }
    rule.isTensor = true;
  }
  return root;
}
