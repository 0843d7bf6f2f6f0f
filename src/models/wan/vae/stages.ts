import { loadResidual, type ResidualBlock } from './blocks.js';
import type { Conv, VaeLoader } from './vaeLoader.js';

/** What changes the size of pictures between two stages. Source: Wan-Video/Wan2.1 wan/modules/vae.py Resample. */
export interface Resample {
  readonly conv: Conv; // [channels, half as many in the decoder, 3, 3, channels]
  /** Where the number of frames changes too. */
  readonly timeConv?: Conv; // [channels, twice as many in the decoder, 3, 1, 1, channels]
}

export type StageLayer =
  | { readonly kind: 'residual'; readonly block: ResidualBlock }
  | { readonly kind: 'resample'; readonly resample: Resample };

/**
 * The layers of a chain of stages, one for each width: residual blocks, and a resampling between one width and the next.
 * @param name of the list that holds them, which counts through all stages
 * @param blocks residual blocks in a stage
 * @param overTime which of the resamplings change the number of frames; there is one less than there are stages
 */
export async function loadStages(
  load: VaeLoader,
  name: string,
  blocks: number,
  overTime: readonly boolean[],
): Promise<StageLayer[]> {
  const layers: StageLayer[] = [];
  const next = () => `${name}.${layers.length}`;
  for (let stage = 0; stage <= overTime.length; stage++) {
    for (let block = 0; block < blocks; block++) {
      layers.push({ kind: 'residual', block: await loadResidual(load, next()) });
    }
    if (stage === overTime.length) break;
    const conv = await load.conv(`${next()}.resample.1`);
    const timeConv = overTime[stage] ? await load.conv(`${next()}.time_conv`) : undefined;
    layers.push({ kind: 'resample', resample: { conv, timeConv } });
  }
  return layers;
}
