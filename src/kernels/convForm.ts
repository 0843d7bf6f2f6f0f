import type { Device } from '../tensor/device.js';
import { chooseVariant, subgroupSize, type Variant } from './variant.js';

/** How a convolution is launched. */
export interface ConvForm {
  readonly kernel: string;
  readonly overrides: Readonly<Record<string, number>>;
  /** Workgroups for rows first ... first + rows - 1 of all pictures. */
  readonly workgroups: (first: number, rows: number) => number;
}

/** What a convolution makes of what; all pictures have one size. */
export interface ConvSize {
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/** What a workgroup of the other forms makes: pixels of one picture by output channels. */
interface Tile {
  readonly pixels: number;
  readonly channels: number;
}

/** Output columns and channels that one invocation of the plain kernels makes. */
const STRIP = { columns: 8, channels: 4 };

/** Output channels from which on the larger part of a tile is of use. */
const MANY_CHANNELS = 16;

/**
 * The form of a convolution kernel for a device and a shape.
 * @param type of the weights, and of the input
 */
export function convForm(device: Device, kernel: string, type: string, size: ConvSize, wanted?: Variant): ConvForm {
  const { width, inChannels, outChannels } = size;
  const hasMany = outChannels >= MANY_CHANNELS;
  const lanes = subgroupSize(device);
  const inFours = inChannels % 4 === 0;
  const fits = {
    subgroup: inFours && outChannels % 4 === 0 && lanes > 0,
    tiled: inFours && (hasMany || wanted === 'tiled' || device.variants.forced === 'tiled'),
  };
  const problem = { kernel, type, size: hasMany ? 'many channels' : 'few channels' };
  const variant = chooseVariant(device, problem, fits, wanted);
  if (variant === 'plain') {
    const invocations = Math.ceil(width / STRIP.columns) * Math.ceil(outChannels / STRIP.channels);
    return { kernel, overrides: {}, workgroups: (_, rows) => Math.ceil((rows * invocations) / 64) };
  }
  const isTiled = variant === 'tiled';
  const tile = isTiled ? { pixels: 64, channels: 64 } : { pixels: 32, channels: 4 * lanes };
  return {
    kernel: `${kernel}.${variant}`,
    overrides: isTiled ? {} : { SUBGROUP: lanes },
    workgroups: (first, rows) => tilesOf(size, tile, first, rows),
  };
}

/** Tiles of every picture that has some of the rows: a tile lies in one picture. */
function tilesOf({ height, width, outChannels }: ConvSize, tile: Tile, first: number, rows: number): number {
  const pictures = Math.floor((first + rows - 1) / height) - Math.floor(first / height) + 1;
  return pictures * Math.ceil((height * width) / tile.pixels) * Math.ceil(outChannels / tile.channels);
}
