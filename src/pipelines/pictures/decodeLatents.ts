import type { WeightType } from '../../models/wan/loadTensors.js';
import type { Model } from '../../models/wan/model.js';
import { checkOptions, optionsOf } from '../../options/checkOptions.js';
import { callback, oneOf } from '../../options/fields.js';
import type { Device } from '../../tensor/device.js';
import { FLOAT_TYPES, type Tensor } from '../../tensor/tensor.js';
import { weightTypes } from '../plan/weightTypes.js';
import { openDecoder } from './blockDecoder.js';
import type { Picture } from './pictures.js';

/** How latents become pictures. */
export interface DecodeOptions {
  /** How the decoder's matrices are held; by default as the checkpoint has them. */
  readonly dtype?: WeightType;
  /** Called before each tensor of the decoder is read. */
  readonly onTensor?: () => void;
}

const decodeSchema = optionsOf<DecodeOptions>()({
  dtype: oneOf(FLOAT_TYPES).optional(),
  onTensor: callback<() => void>().optional(),
});

/**
 * The pictures of a whole video's latents, as they are made: the VAE's decoder is loaded for this and freed after. Who
 * decodes block by block keeps a stream (`loadVaeDecoder`, `createVaeStream`).
 * @param latents [frames, channels, height, width], in the DiT's normalised space; they stay the caller's
 * @returns one picture for the first latent frame, four in all for each later one
 */
export async function* decodeLatents(
  device: Device,
  model: Model,
  latents: Tensor,
  options: DecodeOptions = {},
): AsyncGenerator<Picture> {
  checkOptions('decodeLatents', decodeSchema, options);
  const type = weightTypes(model, options.dtype).vae;
  const everything = { hidden: 0, count: Number.POSITIVE_INFINITY };
  const decoder = await openDecoder(device, model, type, everything, options.onTensor);
  try {
    for await (const pictures of decoder.decode(latents)) yield* pictures;
  } finally {
    decoder.dispose();
  }
}
