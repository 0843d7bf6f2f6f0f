import { totalmem } from 'node:os';
import { TokenTrimError } from '../errors.js';
import { adapterKind } from '../tensor/adapter/adapterKind.js';
import type { Device } from '../tensor/device.js';
import type { ModelConfig } from '../weights/config.js';
import type { Plan } from './plan.js';

interface Need {
  readonly what: string;
  readonly elements: number;
  readonly advice: string;
}

const SMALLER = 'use a smaller --width and --height';

/**
 * Refuses a plan whose largest tensors do not fit the device, before anything is loaded: each must fit one binding, and
 * where the device is the processor, the KV cache must fit the machine's memory. Weights are checked as they load.
 * @throws TokenTrimError naming the tensor that is too large
 */
export function checkMemory(
  device: Pick<Device, 'kind' | 'name' | 'maxTensorBytes'>,
  config: ModelConfig,
  plan: Plan,
): void {
  const elementBytes = device.kind === 'reference' ? 8 : 4;
  for (const { what, elements, advice } of largestTensors(config, plan)) {
    const bytes = elements * elementBytes;
    if (bytes <= device.maxTensorBytes) continue;
    throw new TokenTrimError(
      `${what} takes ${mebibytes(bytes)}, but ${device.name} binds at most ${mebibytes(device.maxTensorBytes)} at a time: ` +
        `${advice}, or another --adapter (\`tokentrim doctor\` says what each one binds)`,
    );
  }

  const onProcessor = device.kind === 'reference' || adapterKind({ ...NO_NAMES, description: device.name }) !== 'gpu';
  const cacheBytes = 2 * config.transformer.num_layers * cacheElements(config, plan) * elementBytes;
  const activationBytes = largestActivation(config, plan).elements * elementBytes;
  if (onProcessor && cacheBytes + activationBytes > totalmem()) {
    throw new TokenTrimError(
      `this run needs more than ${mebibytes(cacheBytes + activationBytes)} for its KV cache and pictures, and this machine ` +
        `has ${mebibytes(totalmem())} of memory: ${SMALLER}, or a smaller --window`,
    );
  }
}

const NO_NAMES = { vendor: '', architecture: '', device: '', isFallbackAdapter: false } as const;

function largestTensors(config: ModelConfig, plan: Plan): Need[] {
  const { dim, ffn_dim, in_dim, patch_size } = config.transformer;
  const patchArea = patch_size[1] * patch_size[2];
  const { frames, framesPerBlock, steps, preset } = plan;
  const called = preset === 'rolling-forcing' ? Math.min(steps.length * framesPerBlock, frames) : framesPerBlock;
  return [
    {
      what: `a layer's keys in the KV cache (${cacheFrames(plan)} latent frames)`,
      elements: cacheElements(config, plan),
      advice: `${SMALLER}, a smaller --window`,
    },
    {
      what: `the feed-forward of ${called} latent frames at ${plan.pixel.width}x${plan.pixel.height}`,
      elements: called * tokensPerFrame(config, plan) * Math.max(dim, ffn_dim, in_dim * patchArea),
      advice: SMALLER,
    },
    largestActivation(config, plan),
  ];
}

function tokensPerFrame({ transformer: { patch_size } }: ModelConfig, { latent }: Plan): number {
  return (latent.height / patch_size[1]) * (latent.width / patch_size[2]);
}

/** Latent frames that the rollouts give room to in the KV cache, the rotated copy of Rolling Forcing's anchor included. */
function cacheFrames({ preset, window, frames, framesPerBlock, sink }: Plan): number {
  return preset === 'rolling-forcing' ? Math.min(window + framesPerBlock, frames) + sink : Math.min(window, frames);
}

function cacheElements(config: ModelConfig, plan: Plan): number {
  return cacheFrames(plan) * tokensPerFrame(config, plan) * config.transformer.dim;
}

/**
 * The VAE decoder's largest activation while it makes the pictures of one latent frame. Channels fall as pictures grow;
 * before an upsampling in time there are twice as many.
 */
function largestActivation({ vae }: ModelConfig, { latent, pixel }: Plan): Need {
  const widths = [...vae.dim_mult].reverse().map((factor) => factor * vae.dim);
  const doublesTime = [...vae.temperal_downsample].reverse();
  let frames = 1;
  let elements = 0;
  widths.forEach((channels, stage) => {
    const pixels = latent.height * 2 ** stage * (latent.width * 2 ** stage);
    elements = Math.max(elements, frames * pixels * channels * (doublesTime[stage] ? 2 : 1));
    if (doublesTime[stage]) frames *= 2;
  });
  const what = `decoding ${frames} pictures of ${pixel.width}x${pixel.height} in the VAE`;
  return { what, elements, advice: SMALLER };
}

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MiB`;
