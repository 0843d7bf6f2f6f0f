import type { TensorSource } from '../../../weights/tensorSource.js';
import type { RawConfig } from '../config.js';
import { DECODER_STAGES, ENCODER_STAGES } from './tinyVaeTensors.js';

/**
 * The configuration of a tiny VAE as its tensors' shapes tell it. That pictures are enlarged after each stage does not show:
 * all published files do.
 * @param shapeOf a tensor's shape; throws where it is not there or has another number of axes
 */
export function detectTinyVae(
  source: TensorSource,
  shapeOf: (name: string, axes: number) => readonly number[],
): RawConfig {
  const outputs = (name: string) => shapeOf(`${name}.weight`, 4)[0];
  const upscale = DECODER_STAGES.map((first) => {
    const [rows, width] = shapeOf(`decoder.${first + 4}.conv.weight`, 4);
    return rows === 2 * width;
  });
  const hasEncoder = source.names().some((name) => name.startsWith('encoder.'));
  const downscale = ENCODER_STAGES.map((first) => {
    if (!hasEncoder) return false;
    const [width, inputs] = shapeOf(`encoder.${first}.conv.weight`, 4);
    return inputs === 2 * width;
  });
  return {
    decoder_widths: ['decoder.1', ...DECODER_STAGES.map((first) => `decoder.${first + 5}`)].map(outputs),
    ...(hasEncoder ? { encoder_width: outputs('encoder.0') } : {}),
    latent_channels: shapeOf('decoder.1.weight', 4)[1],
    patch_size: Math.sqrt(outputs('decoder.22') / 3),
    decoder_time_upscale: upscale,
    decoder_space_upscale: [true, true, true],
    encoder_time_downscale: downscale,
    frames_to_trim: 2 ** upscale.filter(Boolean).length - 1,
  };
}
