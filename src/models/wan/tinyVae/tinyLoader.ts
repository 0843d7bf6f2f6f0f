import type { LatentScale } from '../../../kernels/layout/channelsLast.js';
import type { Linear } from '../loadTensors.js';
import { VaeLoader } from '../vae/vaeLoader.js';
import type { MemBlock } from './memBlock.js';

/** Reads the layers of a tiny VAE. */
export class TinyLoader extends VaeLoader {
  async memBlock(name: string): Promise<MemBlock> {
    return {
      first: await this.conv(`${name}.conv.0`),
      second: await this.conv(`${name}.conv.2`),
      third: await this.conv(`${name}.conv.4`),
    };
  }

  memBlocks(half: 'decoder' | 'encoder', first: number): Promise<MemBlock[]> {
    return [0, 1, 2].reduce<Promise<MemBlock[]>>(
      async (loaded, block) => [...(await loaded), await this.memBlock(`${half}.${first + block}`)],
      Promise.resolve([]),
    );
  }

  /**
   * A pointwise layer without bias, `rows` channels out: the last ones, where the file has more.
   * Source: madebyollin/taehv taehv.py TAEHV.patch_tgrow_layers.
   */
  async lastRows(name: string, rows: number): Promise<Linear> {
    const [stored, inputs] = this.source.info(`${name}.weight`).shape;
    if (stored === rows) return this.pointwise(name, { bias: false });
    const weight = await this.madeMatrix(`${name}.weight`, [rows, inputs], async () => {
      const { values } = await this.float32(`${name}.weight`);
      return values.slice((stored - rows) * inputs);
    });
    return { weight };
  }

  /** That leaves latents as the DiT makes them, which is how a tiny VAE takes them. */
  identityScale(channels: number): LatentScale {
    const filled = (value: number) => this.device.upload(new Float32Array(channels).fill(value), [channels]);
    return { mean: filled(0), std: filled(1) };
  }
}
