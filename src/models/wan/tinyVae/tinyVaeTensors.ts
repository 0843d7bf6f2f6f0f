import type { TensorSource } from '../../../weights/tensorSource.js';
import type { ExpectedTensors } from '../checkpoint/expectedTensors.js';
import type { TinyVaeConfig } from './tinyVaeConfig.js';

/** Where the decoder's stages begin in its list of modules; each is three MemBlocks, an enlargement, a TGrow and a convolution. */
export const DECODER_STAGES = [3, 9, 15] as const;

/** Where the encoder's begin; each is a TPool, a convolution that halves, and three MemBlocks. */
export const ENCODER_STAGES = [2, 7, 12] as const;

/** All that a file must have. */
export function tinyVaeTensors(config: TinyVaeConfig, source?: TensorSource): ExpectedTensors {
  return new Map([...tinyEncoderTensors(config), ...tinyDecoderTensors(config, source)]);
}

/** Names and shapes of the decoder. Source: madebyollin/taehv taehv.py TAEHV.__init__. */
export function tinyDecoderTensors(config: TinyVaeConfig, source?: TensorSource): ExpectedTensors {
  const { decoder_widths: widths, latent_channels, patch_size, decoder_time_upscale } = config;
  const tensors: ExpectedTensors = new Map();
  addConv(tensors, 'decoder.1', widths[0], latent_channels);
  DECODER_STAGES.forEach((first, stage) => {
    const width = widths[stage];
    for (let block = first; block < first + 3; block++) addMemBlock(tensors, `decoder.${block}`, width);
    const grow = `decoder.${first + 4}.conv.weight`;
    const rows = decoder_time_upscale[stage] ? 2 * width : width;
    // A file may make two frames where one is asked for: upstream then takes the later one.
    const stored = source?.has(grow) ? source.info(grow).shape[0] : rows;
    tensors.set(grow, [stored === 2 * width ? stored : rows, width, 1, 1]);
    tensors.set(`decoder.${first + 5}.weight`, [widths[stage + 1], width, 3, 3]);
  });
  return addConv(tensors, 'decoder.22', 3 * patch_size * patch_size, widths[3]);
}

/** Names and shapes of the encoder; none where the file holds the decoder alone. */
export function tinyEncoderTensors(config: TinyVaeConfig): ExpectedTensors {
  const { encoder_width: width, latent_channels, patch_size, encoder_time_downscale } = config;
  const tensors: ExpectedTensors = new Map();
  if (width === undefined) return tensors;
  addConv(tensors, 'encoder.0', width, 3 * patch_size * patch_size);
  ENCODER_STAGES.forEach((first, stage) => {
    const frames = encoder_time_downscale[stage] ? 2 : 1;
    tensors.set(`encoder.${first}.conv.weight`, [width, frames * width, 1, 1]);
    tensors.set(`encoder.${first + 1}.weight`, [width, width, 3, 3]);
    for (let block = first + 2; block < first + 5; block++) addMemBlock(tensors, `encoder.${block}`, width);
  });
  return addConv(tensors, 'encoder.17', latent_channels, width);
}

function addConv(tensors: ExpectedTensors, name: string, outputs: number, inputs: number): ExpectedTensors {
  tensors.set(`${name}.weight`, [outputs, inputs, 3, 3]);
  return tensors.set(`${name}.bias`, [outputs]);
}

function addMemBlock(tensors: ExpectedTensors, name: string, width: number): void {
  addConv(tensors, `${name}.conv.0`, width, 2 * width);
  addConv(tensors, `${name}.conv.2`, width, width);
  addConv(tensors, `${name}.conv.4`, width, width);
}
