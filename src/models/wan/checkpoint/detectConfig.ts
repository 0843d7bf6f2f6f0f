import { ensure } from '../../../errors.js';
import { quote } from '../../../weights/quote.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { RawConfig } from '../config.js';
import { detectTinyVae } from '../tinyVae/detectTinyVae.js';
import { HEAD_DIM, LATENT_STATISTICS, TRANSFORMER_DEFAULTS } from '../wanDefaults.js';
import type { Part } from './names.js';

/**
 * The configuration of one part as its tensors' names and shapes tell it, completed by what the official code fixes.
 * The result is unchecked: merge what config.json says over it and parse it by the part's schema.
 *
 * @param source tensors under official names
 * @throws TokenTrimError when a tensor that the answer needs is missing or has the wrong number of axes
 */
export function detectConfig(part: Part, source: TensorSource): RawConfig {
  if (part === 'transformer') return detectTransformer(source);
  if (part === 'tiny-vae') return detectTinyVae(source, (name, axes) => shapeOf(source, name, axes));
  return part === 'vae' ? detectVae(source) : detectTextEncoder(source);
}

function detectTransformer(source: TensorSource): RawConfig {
  const [dim, inDim, ...patch] = shapeOf(source, 'patch_embedding.weight', 5);
  const patchArea = patch.reduce((product, size) => product * size, 1);
  return {
    ...TRANSFORMER_DEFAULTS,
    patch_size: patch,
    in_dim: inDim,
    dim,
    ffn_dim: shapeOf(source, 'blocks.0.ffn.0.weight', 2)[0],
    freq_dim: shapeOf(source, 'time_embedding.0.weight', 2)[1],
    text_dim: shapeOf(source, 'text_embedding.0.weight', 2)[1],
    out_dim: shapeOf(source, 'head.head.weight', 2)[0] / patchArea,
    // No shape shows the heads: left out where the official width does not divide, for config.json to give.
    ...(dim % HEAD_DIM === 0 ? { num_heads: dim / HEAD_DIM } : {}),
    num_layers: countIndices(source, /^blocks\.(\d+)\./),
    qk_norm: source.has('blocks.0.self_attn.norm_q.weight'),
    cross_attn_norm: source.has('blocks.0.norm3.weight'),
  };
}

function detectVae(source: TensorSource): RawConfig {
  const zDim = shapeOf(source, 'decoder.conv1.weight', 5)[1];
  const widths: number[] = []; // of the decoder's stages, widest first
  const upsamplesTime: boolean[] = [];
  let resBlocks = 0;
  const layers = countIndices(source, /^decoder\.upsamples\.(\d+)\./);
  for (let layer = 0; layer < layers; layer += 1) {
    const prefix = `decoder.upsamples.${layer}`;
    if (source.has(`${prefix}.resample.1.weight`)) upsamplesTime.push(source.has(`${prefix}.time_conv.weight`));
    else {
      widths[upsamplesTime.length] = shapeOf(source, `${prefix}.residual.2.weight`, 5)[0];
      if (upsamplesTime.length === 0) resBlocks += 1;
    }
  }
  const dim = widths.at(-1) ?? 0; // dim_mult begins with 1 in every official configuration
  return {
    dim,
    z_dim: zDim,
    dim_mult: widths.map((width) => width / dim).reverse(),
    num_res_blocks: resBlocks - 1,
    attn_scales: [],
    temperal_downsample: upsamplesTime.reverse(),
    ...LATENT_STATISTICS,
  };
}

function detectTextEncoder(source: TensorSource): RawConfig {
  const [vocab, dim] = shapeOf(source, 'token_embedding.weight', 2);
  const shared = source.has('pos_embedding.embedding.weight');
  const table = shared ? 'pos_embedding.embedding.weight' : 'blocks.0.pos_embedding.embedding.weight';
  const [buckets, heads] = shapeOf(source, table, 2);
  return {
    type: 'umt5',
    vocab,
    dim,
    dim_attn: shapeOf(source, 'blocks.0.attn.q.weight', 2)[0],
    dim_ffn: shapeOf(source, 'blocks.0.ffn.fc1.weight', 2)[0],
    num_heads: heads,
    num_layers: countIndices(source, /^blocks\.(\d+)\./),
    num_buckets: buckets,
    shared_pos: shared,
  };
}

function shapeOf(source: TensorSource, name: string, axes: number): readonly number[] {
  ensure(source.has(name), `${source.label}: the tensor ${quote(name)} is missing. Save the whole model again.`);
  const { shape } = source.info(name);
  ensure(
    shape.length === axes,
    `${source.label}: expected ${quote(name)} to have ${axes} axes, found shape [${shape}].`,
  );
  return shape;
}

/** One more than the highest number that `pattern` captures, or how many there are where some are absent. */
function countIndices(source: TensorSource, pattern: RegExp): number {
  return new Set(source.names().flatMap((name) => pattern.exec(name)?.[1] ?? [])).size;
}
