import type { Device } from '../tensor/device.js';
import { chooseVariant, subgroupSize, type Variant } from './variant.js';

/** How a convolution is launched. */
export interface ConvForm {
  readonly kernel: string;
  readonly overrides: Readonly<Record<string, number>>;
  /** Workgroups for rows of the picture. */
  readonly workgroups: (rows: number) => number;
}

/** Output columns and channels that one invocation of the plain kernels makes. */
const STRIP = { columns: 8, channels: 4 };

/** Products from which on larger tiles, which take twice as long to compile, are worth it. */
const LARGE = 2 ** 28;

/**
 * The form of a convolution kernel for a device and a shape.
 * @param type of the weights, and of the input
 * @param size of the output; depth: products for each of its values
 */
export function convForm(
  device: Device,
  kernel: string,
  type: string,
  size: { rows: number; width: number; inChannels: number; outChannels: number; depth: number },
  wanted?: Variant,
): ConvForm {
  const { rows: allRows, width, inChannels, outChannels, depth } = size;
  const canSubgroup = inChannels % 4 === 0 && outChannels % 4 === 0 && subgroupSize(device) > 0;
  const problem = { kernel, type, size: outChannels < 16 ? 'few channels' : 'many channels' };
  const variant = chooseVariant(device, problem, { subgroup: canSubgroup }, wanted);
  if (variant === 'plain') {
    const invocations = Math.ceil(width / STRIP.columns) * Math.ceil(outChannels / STRIP.channels);
    return { kernel, overrides: {}, workgroups: (rows) => Math.ceil((rows * invocations) / 64) };
  }
  const lanes = subgroupSize(device);
  const groups = allRows * width * outChannels * depth < LARGE ? 2 : 4;
  return {
    kernel: `${kernel}.subgroup`,
    overrides: { SUBGROUP: lanes, GROUPS: groups },
    workgroups: (rows) => Math.ceil((rows * width) / (8 * groups)) * Math.ceil(outChannels / (4 * lanes)),
  };
}
