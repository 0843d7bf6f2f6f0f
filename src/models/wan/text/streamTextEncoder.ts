import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import { bytesOf } from '../../../tensor/tensor.js';
import { readAhead } from '../../../weights/readAhead.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { TextEncoderConfig } from '../config.js';
import { TensorLoader, type WeightType } from '../loadTensors.js';
import {
  layerTensorNames,
  loadTextEncoderLayer,
  type TextEncoderLayer,
  type TextEncoderModel,
} from './encoderWeights.js';

/** How much of the next layers is read while one computes: at full size, about one layer in 16 bits. */
const READ_AHEAD_BYTES = 384 * 2 ** 20;

/**
 * umT5 a layer at a time: each comes from the file when its turn is there, after the one before it has left the device, so
 * that the encoder takes the memory of one layer: 0.39 GB of 11 at full size. The next one is read meanwhile. Every pass over
 * the layers reads the file again, so encode all prompts in one (`encodePrompts`).
 * @param source tensors under official names; it must stay open while prompts are encoded
 * @param dtype how the matrices are held; see {@link heldType}
 * @param onTensor called before each tensor is read, with its name; what it throws ends the pass
 * @returns the encoder; free it with `freeTextEncoder`
 * @throws TokenTrimError where a tensor is missing or does not fit the device
 */
export async function streamTextEncoder(
  device: Device,
  source: TensorSource,
  config: TextEncoderConfig,
  dtype: WeightType,
  onTensor?: (name: string) => void,
): Promise<TextEncoderModel> {
  const type = heldType(device, config, dtype);
  async function* layers(): AsyncGenerator<TextEncoderLayer> {
    const names = Array.from({ length: config.num_layers }, (_, layer) => layerTensorNames(layer)).flat();
    const ahead = readAhead(source, names, READ_AHEAD_BYTES);
    const load = new TensorLoader(device, ahead.source, type, onTensor);
    let loaded: TextEncoderLayer | undefined;
    try {
      for (let layer = 0; layer < config.num_layers; layer++) {
        loaded = await loadTextEncoderLayer(load, layer);
        yield loaded;
        disposeAll(loaded);
        await device.synchronize(); // the layer's buffers are gone before the next one's are made
      }
    } finally {
      if (loaded) disposeAll(loaded);
      ahead.stop();
    }
  }
  const norm = await new TensorLoader(device, source, type, onTensor).values('norm.weight');
  return { device, source, config, layers: { [Symbol.asyncIterator]: layers }, norm };
}

/**
 * How a streamed encoder holds its matrices: as asked, but in bf16 where f32 ones would need larger bindings than the device
 * has (160 MiB at full size, where WebGPU guarantees 128).
 */
export function heldType(device: Device, config: TextEncoderConfig, dtype: WeightType): WeightType {
  const largest = config.dim * Math.max(config.dim_attn, config.dim_ffn);
  const fits = bytesOf('f32', largest) <= Math.min(device.maxBindingBytes, device.maxTensorBytes);
  return dtype === 'f32' && !fits ? 'bf16' : dtype;
}
