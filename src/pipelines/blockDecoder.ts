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
      let reading: Promise<Picture[]> | undefined; // while the device decodes the frames after those that are read
      for (const decoded of stream.decode(latents)) {
        const next = readPictures(decoded);
        next.catch(() => undefined); // it may fail while the one before is awaited, or be left alone by who stops early
        if (reading) yield filter(await reading);
        reading = next;
      }
      if (reading) yield filter(await reading);
    },
    dispose() {
      stream.dispose();
      freeVaeDecoder(decoder);
    },
  };
}
