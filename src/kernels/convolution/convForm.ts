import { type Device, typeCode } from '../../tensor/device.js';
import type { DType } from '../../tensor/tensor.js';
import { chooseForm, classOf, type Form, type KernelClasses, subgroupSize } from '../forms/form.js';
import {
  isTrusted,
  type ProductShape,
  productOverrides,
  productShape,
  productTile,
  shapesFor,
} from '../forms/matrixForm.js';

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

/** Types of the weights, and of the input. */
export interface ConvTypes {
  readonly weight: DType;
  readonly input: DType;
}

/** As the VAE has them: beside weights of 16 bits, pictures of 16. */
export const CONV_TYPES = [
  { weight: 'f32', input: 'f32' },
  { weight: 'bf16', input: 'f16' },
  { weight: 'f16', input: 'f16' },
] as const satisfies ConvTypes[];

export const typesName = ({ weight, input }: ConvTypes): string => `${weight}, input ${input}`;

/** Output channels decide how much of a tile is used. */
const SIZES = { 'few channels': MANY_CHANNELS - 1, 'many channels': Number.POSITIVE_INFINITY } as const;

export const CAUSAL_CONV3D_CLASSES = classesOf('causalConv3d');
export const CONV2D_CLASSES = classesOf('conv2d');

function classesOf<Kernel extends string>(kernel: Kernel) {
  return { kernel, types: CONV_TYPES.map(typesName), sizes: SIZES } satisfies KernelClasses;
}

const SHAPES: readonly ProductShape[] = [
  { down: 2, along: 2, rows: 4, columns: 3, step: 4, buffers: 1 },
  { down: 2, along: 2, rows: 2, columns: 3, step: 4, buffers: 1 },
];

/** The form of a convolution kernel for a device and a shape. */
export function convForm(
  device: Device,
  classes: typeof CAUSAL_CONV3D_CLASSES | typeof CONV2D_CLASSES,
  types: ConvTypes,
  size: ConvSize,
  wanted?: Form,
): ConvForm {
  const { kernel } = classes;
  const { width, inChannels, outChannels } = size;
  const hasMany = outChannels >= MANY_CHANNELS;
  const lanes = subgroupSize(device);
  const inFours = inChannels % 4 === 0;
  const shape = fitsMatrices(device, kernel, types, size)
    ? productShape(device, shapesFor(device, 'conv', SHAPES), 1)
    : undefined;
  const fits = {
    subgroup: inFours && outChannels % 4 === 0 && lanes > 0,
    tiled: inFours && (hasMany || wanted === 'tiled' || device.forms.forced === 'tiled'),
    matrix: shape !== undefined,
  };
  const form = chooseForm(device, classOf(classes, typesName(types), outChannels), fits, wanted);
  const inputType = { INPUT_TYPE: typeCode(types.input, `${kernel}: x`) };
  if (form === 'plain') {
    const invocations = Math.ceil(width / STRIP.columns) * Math.ceil(outChannels / STRIP.channels);
    return { kernel, overrides: inputType, workgroups: (_, rows) => Math.ceil((rows * invocations) / 64) };
  }
  if (form === 'matrix' && shape) {
    const { rows: pixels, columns: channels } = productTile(shape);
    return {
      kernel: `${kernel}.matrix`,
      overrides: productOverrides(device, shape),
      workgroups: (first, rows) => tilesOf(size, { pixels, channels }, first, rows),
    };
  }
  const isTiled = form === 'tiled';
  const tile = isTiled ? { pixels: 64, channels: 64 } : { pixels: 32, channels: 4 * lanes };
  return {
    kernel: `${kernel}.${form}`,
    overrides: isTiled ? inputType : { SUBGROUP: lanes, ...inputType },
    workgroups: (first, rows) => tilesOf(size, tile, first, rows),
  };
}

/** Whether a card's matrices take the problem as it is: 16-bit cells of eight, and its own kernel found right. */
function fitsMatrices(
  device: Device,
  kernel: 'causalConv3d' | 'conv2d',
  { weight, input }: ConvTypes,
  { inChannels, outChannels }: ConvSize,
): boolean {
  const inEights = inChannels % 8 === 0 && outChannels % 4 === 0;
  return inEights && input === 'f16' && weight !== 'f32' && isTrusted(device, kernel);
}

/** Tiles of every picture that has some of the rows: a tile lies in one picture. */
function tilesOf({ height, width, outChannels }: ConvSize, tile: Tile, first: number, rows: number): number {
  const pictures = Math.floor((first + rows - 1) / height) - Math.floor(first / height) + 1;
  return pictures * Math.ceil((height * width) / tile.pixels) * Math.ceil(outChannels / tile.channels);
}
