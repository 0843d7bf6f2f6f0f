import type { LatentScale } from '../../../kernels/layout/channelsLast.js';
import { sliceFrames } from '../../../kernels/layout/frames.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { VaeConfig } from '../config.js';
import { type Linear, TensorLoader } from '../loadTensors.js';

/** A convolution: weight [outChannels, ...kernel, inChannels], causal with kernel (3, k, k), spatial with (3, 3). */
export interface Conv {
  readonly weight: Tensor;
  readonly bias: Tensor; // [outChannels]
}

/** Reads the VAE's layers. PyTorch keeps a kernel's channels outside its taps; channels-last kernels want them inside. */
export class VaeLoader extends TensorLoader {
  /** `<name>.weight` [out, in, ...kernel] as [out, ...kernel, in], and `<name>.bias`: zeros for a layer that has none. */
  async conv(name: string, { bias = true } = {}): Promise<Conv> {
    const [outChannels, inChannels, ...kernel] = this.source.info(`${name}.weight`).shape;
    const taps = kernel.reduce((product, size) => product * size, 1);
    const weight = await this.madeMatrix(`${name}.weight`, [outChannels, ...kernel, inChannels], async () => {
      const { values } = await this.float32(`${name}.weight`);
      return tapsOutside(values, inChannels, taps);
    });
    return { weight, bias: bias ? await this.values(`${name}.bias`) : this.device.zeros([outChannels]) };
  }

  /** A convolution whose kernel is one pixel is a linear layer over the channels. */
  pointwise(name: string, options: { bias?: boolean } = {}): Promise<Linear> {
    return this.linear(name, { ...options, shape: this.source.info(`${name}.weight`).shape.slice(0, 2) });
  }

  /** A pointwise convolution that makes several things at once, as one linear layer for each. */
  async split(name: string, parts: number): Promise<Linear[]> {
    const { shape } = this.source.info(`${name}.weight`);
    const bias = await this.values(`${name}.bias`);
    const [outChannels, inChannels] = [shape[0] / parts, shape[1]];
    let whole: Promise<Float32Array> | undefined; // read once, and only where a part of it is loaded
    const read = () => {
      whole ??= this.float32(`${name}.weight`).then(({ values }) => values);
      return whole;
    };
    const layers: Linear[] = [];
    for (let part = 0; part < parts; part++) {
      const weight = await this.madeMatrix(`${name}.weight`, [outChannels, inChannels], async () => {
        const values = await read();
        return values.slice(part * outChannels * inChannels, (part + 1) * outChannels * inChannels);
      });
      layers.push({ weight, bias: sliceFrames(bias, part * outChannels, outChannels) });
    }
    bias.dispose();
    return layers;
  }

  /** The constants that the DiT's latents are normalised by; they are in the configuration, not in the file. */
  latentScale({ latents_mean, latents_std }: VaeConfig): LatentScale {
    const upload = (values: readonly number[]) => this.device.upload(Float32Array.from(values), [values.length]);
    return { mean: upload(latents_mean), std: upload(latents_std) };
  }

  /** `<name>.gamma`, whose trailing axes of 1 serve PyTorch's broadcasting only. */
  gamma(name: string): Promise<Tensor> {
    return this.values(`${name}.gamma`, this.source.info(`${name}.gamma`).shape.slice(0, 1)); // [channels]
  }
}

/** [out, in, taps] as [out, taps, in]. */
function tapsOutside(values: Float32Array, inChannels: number, taps: number): Float32Array {
  const moved = new Float32Array(values.length);
  const kernelSize = inChannels * taps;
  for (let kernel = 0; kernel < values.length; kernel += kernelSize) {
    for (let channel = 0; channel < inChannels; channel++) {
      for (let tap = 0; tap < taps; tap++) {
        moved[kernel + tap * inChannels + channel] = values[kernel + channel * taps + tap];
      }
    }
  }
  return moved;
}
