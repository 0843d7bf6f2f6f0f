import type { WeightType } from '../../models/wan/loadTensors.js';
import type { Model } from '../../models/wan/model.js';
import { freeVaeDecoder, loadVaeDecoder } from '../../models/wan/vae/decoderWeights.js';
import { createVaeStream } from '../../models/wan/vae/decodeStream.js';
import type { Device } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import { areFinite, blockNotFinite } from '../../tokentrim/notFinite.js';
import type { VideoPlan } from '../plan/plan.js';
import { type Picture, pictureFilter, readPictures } from './pictures.js';

/** The VAE's decoder as a rollout uses it. */
export interface BlockDecoder {
  /**
   * The pictures of a block's latents [frames, channels, height, width] as they are made, those left out that are not shown.
   * @throws TokenTrimError where latents or pictures hold NaN or infinity
   */
  decode(latents: Tensor, block?: number): AsyncGenerator<Picture[]>;
  dispose(): void;
}

/** Loads the decoder for one video. */
export async function openDecoder(
  device: Device,
  { vae, config }: Pick<Model, 'vae' | 'config'>,
  type: WeightType,
  shown: VideoPlan['shown'],
  onTensor?: () => void,
): Promise<BlockDecoder> {
  const decoder = await loadVaeDecoder(device, vae, config.vae, type, onTensor);
  const stream = createVaeStream(decoder);
  const filter = pictureFilter(shown);
  return {
    async *decode(latents, block) {
      // A shader may lose a NaN on the way, in an exponential or on the way to f16: latents are looked at themselves.
      const checked = latents.device.read(latents).then((values) => {
        if (!areFinite(values)) throw blockNotFinite(block);
      });
      checked.catch(() => undefined); // the decoder may fail first
      let reading: Promise<Picture[]> | undefined; // while the device decodes the frames after those that are read
      for (const decoded of stream.decode(latents)) {
        const next = Promise.all([readPictures(decoded, block), checked]).then(([pictures]) => filter(pictures));
        next.catch(() => undefined); // it may fail while the one before is awaited, or be left alone by who stops early
        if (reading) yield await reading;
        reading = next;
      }
      if (reading) yield await reading;
    },
    dispose() {
      stream.dispose();
      freeVaeDecoder(decoder);
    },
  };
}
