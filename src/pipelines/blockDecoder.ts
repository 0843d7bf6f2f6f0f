import type { WeightType } from '../models/wan/loadTensors.js';
import { createVaeStream } from '../models/wan/vae/stream.js';
import { freeVaeDecoder, loadVaeDecoder } from '../models/wan/vae/weights.js';
import type { Device } from '../tensor/device.js';
import type { Tensor } from '../tensor/tensor.js';
import type { ModelFolder } from '../weights/modelFolder.js';
import { type Picture, pictureFilter, readPictures } from './pictures.js';
import type { Plan } from './plan.js';

/** The VAE's decoder as a rollout uses it. */
export interface BlockDecoder {
  /** The pictures of latents [frames, channels, height, width] as they are made, those left out that are not shown. */
  decode(latents: Tensor): AsyncGenerator<Picture[]>;
  dispose(): void;
}

/** Loads the decoder for one video. */
export async function openDecoder(
  device: Device,
  { vae, config }: Pick<ModelFolder, 'vae' | 'config'>,
  type: WeightType,
  shown: Plan['shown'],
  onTensor?: () => void,
): Promise<BlockDecoder> {
  const decoder = await loadVaeDecoder(device, vae, config.vae, type, onTensor);
  const stream = createVaeStream(decoder);
  const filter = pictureFilter(shown);
  return {
    async *decode(latents) {
      for (const decoded of stream.decode(latents)) yield filter(await readPictures(decoded));
    },
    dispose() {
      stream.dispose();
      freeVaeDecoder(decoder);
    },
  };
}
