import { ensure, TokenTrimError } from '../errors.js';
import { officialName, type Part } from './officialNames.js';
import { quote, quoteSome } from './quote.js';
import { RenamedSource } from './renamedSource.js';
import type { TensorSource } from './tensorSource.js';

export type { Part } from './officialNames.js';

/** What a file holds, told by its tensor names. `hf` is the naming of diffusers and transformers. */
export type Detection =
  | { readonly part: Part; readonly naming: 'official' | 'hf' }
  | { readonly part: 'unknown'; readonly naming: 'unknown' };

// The same tests as huggingface/diffusers `loaders/single_file_utils.py CHECKPOINT_KEY_NAMES` makes.
const MARKS: readonly [mark: string, part: Part, naming: 'official' | 'hf'][] = [
  ['head.modulation', 'transformer', 'official'],
  ['condition_embedder.time_proj.weight', 'transformer', 'hf'],
  ['decoder.middle.0.residual.0.gamma', 'vae', 'official'],
  ['decoder.mid_block.resnets.0.norm1.gamma', 'vae', 'hf'],
  ['token_embedding.weight', 'text-encoder', 'official'],
  ['shared.weight', 'text-encoder', 'hf'],
  ['encoder.embed_tokens.weight', 'text-encoder', 'hf'],
];

/** Which part a source holds and by which naming; prefixes of training wrappers do not matter. */
export function detectPart(source: Pick<TensorSource, 'names'>): Detection {
  const names = new Set(source.names().map(stripPrefixes));
  const found = MARKS.find(([mark]) => names.has(mark));
  return found ? { part: found[1], naming: found[2] } : { part: 'unknown', naming: 'unknown' };
}

/** A tensor name without what FSDP, checkpointing, torch.compile, ComfyUI and the official wrappers put before it. */
export function stripPrefixes(name: string): string {
  return name
    .replace(/(?:_fsdp_wrapped_module|_checkpoint_wrapped_module|_orig_mod)\./g, '')
    .replace(/^(?:model\.)?diffusion_model\./, '')
    .replace(/^model\./, '');
}

const PREFIXES = [
  ...['_fsdp_wrapped_module.', '_checkpoint_wrapped_module.', '_orig_mod.'],
  ...['model.diffusion_model.', 'diffusion_model.', 'model.'],
] as const;

/** What {@link stripPrefixes} removes from these names, each prefix once. */
export function strippedPrefixes(names: readonly string[]): string[] {
  const removed = new Set<string>();
  for (const name of names) {
    const inner = PREFIXES.slice(0, 3).filter((prefix) => name.includes(prefix));
    const bare = inner.reduce((rest, prefix) => rest.replaceAll(prefix, ''), name);
    const outer = PREFIXES.slice(3).find((prefix) => bare.startsWith(prefix));
    for (const prefix of outer ? [outer, ...inner] : inner) removed.add(prefix);
  }
  return [...removed];
}

/** Why a file that is recognised cannot be run all the same; undefined for one that can, as far as its names tell. */
export function whyUnusable(source: Pick<TensorSource, 'names'>): string | undefined {
  const names = new Set(source.names().map(stripPrefixes));
  if ([...names].some((name) => IMAGE_KEYS.test(name))) return 'an image-to-video or VACE model';
  const table = (block: number) => `encoder.block.${block}.layer.0.SelfAttention.relative_attention_bias.weight`;
  if (names.has(table(0)) && !names.has(table(1)) && names.has('encoder.block.1.layer.0.layer_norm.weight')) {
    return 'a T5 encoder, not umT5: it has one position table for all layers';
  }
  return undefined;
}

// Beside the weights in repackaged text encoders: the tokenizer's protobuf and the second name of the embedding.
const IGNORED = new Set(['spiece_model']);

/** Keys that only image-to-video and VACE models have, by either naming. */
const IMAGE_KEYS =
  /^img_emb\.|^condition_embedder\.image_embedder\.|\.(?:[kv]_img|norm_k_img|add_[kv]_proj|norm_added_k)\.|^vace_/;

/**
 * A view of `source` under official names, whatever wrapper or naming it was saved with.
 *
 * @throws TokenTrimError for image-to-video or VACE checkpoints, an unknown file, or two tensors of one official name
 */
export function withOfficialNames(source: TensorSource, expected?: Part): TensorSource {
  const { part, naming } = detectPart(source);
  ensure(
    part !== 'unknown' && (expected === undefined || part === expected),
    () =>
      `${source.label}: expected the tensors of a Wan2.1 ${expected ?? 'model'}, found ${
        part === 'unknown' ? quoteSome(source.names(), 3) || 'no tensors' : `those of a ${part}`
      }. See weights/README.md for what fits.`,
  );
  const originals = new Map<string, string>();
  for (const original of source.names()) {
    const stripped = stripPrefixes(original);
    refuseImageModel(source.label, stripped, original);
    if (IGNORED.has(stripped)) continue;
    if (stripped === 'encoder.embed_tokens.weight' && hasStripped(source, 'shared.weight')) continue;
    const official = naming === 'hf' ? officialName(part, stripped) : stripped;
    const other = originals.get(official);
    ensure(
      other === undefined,
      () =>
        `${source.label}: both ${quote(other)} and ${quote(original)} are the tensor ${quote(official)}. Save one set of weights only.`,
    );
    originals.set(official, original);
  }
  return new RenamedSource(source, originals);
}

function hasStripped(source: TensorSource, name: string): boolean {
  return source.names().some((original) => stripPrefixes(original) === name);
}

function refuseImageModel(label: string, stripped: string, original: string): void {
  if (!IMAGE_KEYS.test(stripped)) return;
  throw new TokenTrimError(
    `${label}: this is an image-to-video or VACE checkpoint: it has ${quote(original)}. Use a text-to-video one, such as Wan2.1-T2V-1.3B.`,
  );
}
