import { TokenTrimError } from '../../../errors.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import { ensureTensors } from '../checkpoint/checkTensors.js';
import { detectConfig } from '../checkpoint/detectConfig.js';
import { parseConfig } from '../config.js';
import type { VaeConfig } from '../modelConfig.js';
import { vaeFactors } from '../vae/vaeFactors.js';
import { LATENT_STATISTICS } from '../wanDefaults.js';
import { type TinyVaeConfig, tinyVaeFactors, tinyVaeSchema } from './tinyVaeConfig.js';

/** A tiny VAE that is opened: its data are still where they lie. */
export interface TinyVae {
  readonly config: TinyVaeConfig;
  readonly tensors: TensorSource;
}

/**
 * A tiny VAE of any width, its configuration told by its tensors.
 * @param tensors under the names of the published files
 * @throws TokenTrimError where tensors are missing or of other shapes
 */
export function openTinyVae(tensors: TensorSource): TinyVae {
  const config = parseConfig(tinyVaeSchema, detectConfig('tiny-vae', tensors), tensors.label);
  ensureTensors('tiny-vae', config, tensors);
  return { config, tensors };
}

/** Why a tiny VAE cannot make the pictures of these latents, to follow its name; undefined for one that can. */
export function whyMisfit({ config }: TinyVae, vae: VaeConfig): string | undefined {
  const [own, wanted] = [tinyVaeFactors(config), vaeFactors(vae)];
  const inWords = (channels: number, { spatial, temporal }: typeof own) =>
    `${channels} latent channels of ${spatial}x${spatial} pixels and ${temporal} pictures`;
  const found = inWords(config.latent_channels, own);
  const expected = inWords(vae.z_dim, wanted);
  if (found === expected && config.frames_to_trim === own.temporal - 1) return undefined;
  return `is a tiny VAE of ${found}, and this model's latents are ${expected}: use the taew2_1 of madebyollin/taehv`;
}

/**
 * The latents of a model whose own VAE is not there, as a VAE's configuration: sizes of what a tiny one makes, and for the
 * rest what Wan2.1's has.
 */
export function latentSpaceOf({ config }: TinyVae): VaeConfig {
  const { spatial, temporal } = tinyVaeFactors(config);
  const stages = Math.log2(spatial);
  const isWan = config.latent_channels === LATENT_STATISTICS.latents_mean.length;
  const filled = (value: number) => new Array<number>(config.latent_channels).fill(value);
  return {
    dim: 96,
    z_dim: config.latent_channels,
    dim_mult: Array.from({ length: stages + 1 }, (_, stage) => Math.min(2 ** stage, 4)),
    num_res_blocks: 2,
    attn_scales: [],
    temperal_downsample: Array.from({ length: stages }, (_, stage) => stage >= stages - Math.log2(temporal)),
    ...(isWan ? LATENT_STATISTICS : { latents_mean: filled(0), latents_std: filled(1) }),
  };
}

/** Stands for the tensors of a model's own VAE where only a tiny one was given: it has none. */
export function absentVae(label: string): TensorSource {
  const fail = (): never => {
    throw new TokenTrimError(`${label}: a tiny VAE was given and no full one, which is needed here`);
  };
  return {
    label,
    files: [],
    metadata: new Map(),
    names: () => [],
    has: () => false,
    info: fail,
    read: fail,
    readRows: fail,
    close: async () => undefined,
  };
}
