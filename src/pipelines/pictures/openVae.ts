import type { WeightType } from '../../models/wan/loadTensors.js';
import type { DecoderName, Model } from '../../models/wan/model.js';
import type { TinyVae } from '../../models/wan/tinyVae/openTinyVae.js';
import { freeTinyDecoder, loadTinyDecoder } from '../../models/wan/tinyVae/tinyDecoder.js';
import { createTinyVaeStream } from '../../models/wan/tinyVae/tinyDecodeStream.js';
import { freeTinyEncoder, loadTinyEncoder } from '../../models/wan/tinyVae/tinyEncoder.js';
import { createTinyVaeEncodeStream } from '../../models/wan/tinyVae/tinyEncodeStream.js';
import { freeVaeDecoder, loadVaeDecoder } from '../../models/wan/vae/decoderWeights.js';
import { createVaeStream } from '../../models/wan/vae/decodeStream.js';
import { freeVaeEncoder, loadVaeEncoder } from '../../models/wan/vae/encoderWeights.js';
import { createVaeEncodeStream, type VaeEncodeStream } from '../../models/wan/vae/encodeStream.js';
import type { PictureStream } from '../../models/wan/vae/pictureStream.js';
import type { Device } from '../../tensor/device.js';

/** Which half of which VAE, and how its matrices are held. */
export interface VaeChoice {
  readonly coder: DecoderName;
  readonly type: WeightType;
}

/** A stream over either decoder, loaded for it: `dispose` frees both. */
export async function openPictureStream(
  device: Device,
  { vae, tinyVae, config }: Pick<Model, 'vae' | 'tinyVae' | 'config'>,
  { coder, type }: VaeChoice,
  onTensor?: () => void,
): Promise<PictureStream> {
  if (coder === 'full') {
    const decoder = await loadVaeDecoder(device, vae, config.vae, type, onTensor);
    return owning(createVaeStream(decoder), () => freeVaeDecoder(decoder));
  }
  const { tensors, config: tiny } = tinyVae as TinyVae; // `chooseDecoder` asked for it
  const decoder = await loadTinyDecoder(device, tensors, tiny, type, onTensor);
  return owning(createTinyVaeStream(decoder), () => freeTinyDecoder(decoder));
}

/** The same of an encoder. */
export async function openEncodeStream(
  device: Device,
  { vae, tinyVae, config }: Pick<Model, 'vae' | 'tinyVae' | 'config'>,
  { coder, type }: VaeChoice,
  onTensor?: () => void,
): Promise<VaeEncodeStream> {
  if (coder === 'full') {
    const encoder = await loadVaeEncoder(device, vae, config.vae, type, onTensor);
    return owning(createVaeEncodeStream(encoder), () => freeVaeEncoder(encoder));
  }
  const { tensors, config: tiny } = tinyVae as TinyVae;
  const encoder = await loadTinyEncoder(device, tensors, tiny, type, onTensor);
  return owning(createTinyVaeEncodeStream(encoder), () => freeTinyEncoder(encoder));
}

function owning<Stream extends { dispose(): void }>(stream: Stream, free: () => void): Stream {
  const dispose = () => {
    stream.dispose();
    free();
  };
  return { ...stream, dispose };
}
