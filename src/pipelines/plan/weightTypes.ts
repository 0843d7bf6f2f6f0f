import { ensure } from '../../errors.js';
import type { KeyType } from '../../kernels/rows/keyType.js';
import type { WeightType } from '../../models/wan/loadTensors.js';
import { type DecoderName, hasFullVae, type Model } from '../../models/wan/model.js';
import type { TensorSource } from '../../weights/tensorSource.js';

/** How each part of a model holds its matrices on the device, and the KV cache its keys and values. */
export interface WeightTypes {
  readonly transformer: WeightType;
  readonly vae: WeightType;
  /** Of the tiny VAE, where the model has one; in a plan, where it is used. */
  readonly tinyVae?: WeightType;
  readonly textEncoder: WeightType;
  readonly keys: KeyType;
}

/** Where the DiT's f32 weights take more than this, all parts are held in 16 bits, as the official runs hold them. */
const MAX_F32_BYTES = 2 ** 30;

/**
 * The types that a user chose, or those of the checkpoint. Large f32 checkpoints are narrowed: the DiT and the text encoder
 * to bf16, whose range is that of f32, the VAE to f16, whose steps are eight times finer and whose range its small weights
 * do not leave. Keys and values are f32 beside f32 weights, else f16: they come out of norms and projections whose values
 * f16 has the range for, and its ten bits of mantissa keep more than bf16's seven. 8 bits are taken where they are chosen.
 * @param chosenKeys the type of keys and values that a user chose
 */
export function weightTypes(
  { transformer, vae, tinyVae, textEncoder }: Pick<Model, 'transformer' | 'vae' | 'tinyVae' | 'textEncoder'>,
  chosen?: WeightType,
  chosenKeys?: KeyType,
): WeightTypes {
  const keysBeside = (weights: WeightType): KeyType => chosenKeys ?? (weights === 'f32' ? 'f32' : 'f16');
  if (chosen) {
    const all = { transformer: chosen, vae: chosen, textEncoder: chosen, keys: keysBeside(chosen) };
    return tinyVae ? { ...all, tinyVae: chosen } : all;
  }
  const stored = storedType(transformer);
  const isNarrow = stored !== 'f32' || totalBytes(transformer) > MAX_F32_BYTES;
  const held = (type: WeightType, narrow: WeightType) => (isNarrow && type === 'f32' ? narrow : type);
  const weights = held(stored, 'bf16');
  const tiny = tinyVae && held(storedType(tinyVae.tensors), 'f16');
  return {
    transformer: weights,
    vae: hasFullVae({ vae }) ? held(storedType(vae), 'f16') : (tiny ?? weights),
    ...(tiny ? { tinyVae: tiny } : {}),
    textEncoder: held(storedType(textEncoder), 'bf16'),
    keys: keysBeside(weights),
  };
}

/** How the VAE that is asked for is held. */
export function vaeTypeOf({ vae, tinyVae = vae }: WeightTypes, coder: DecoderName): WeightType {
  return coder === 'tiny' ? tinyVae : vae;
}

/** The type of a checkpoint's largest tensors. */
function storedType(source: TensorSource): WeightType {
  const infos = source.names().map((name) => source.info(name));
  const largest = infos.reduce((left, right) => (right.byteLength > left.byteLength ? right : left));
  const type = { F32: 'f32', F16: 'f16', BF16: 'bf16', F64: 'f32' }[largest.dtype as 'F32' | 'F16' | 'BF16' | 'F64'];
  ensure(type, `${source.label}: weights of type ${largest.dtype} cannot be run; pass \`dtype\` f32, bf16 or f16`);
  return type as WeightType;
}

function totalBytes(source: TensorSource): number {
  return source.names().reduce((bytes, name) => bytes + source.info(name).byteLength, 0);
}
