import type { Device } from '../../tensor/device.js';
import { chooseForm, classOf, type Form, isProcessor, type KernelClasses } from '../forms/form.js';

interface RowForm {
  readonly kernel: string;
  readonly overrides: Readonly<Record<string, number>>;
  /** Rows that a workgroup does. */
  readonly rowsAtOnce: number;
}

/** Norms are as fast as memory: rows of any number and width are one class. */
const classesOf = (kernel: string) =>
  ({ kernel, types: ['f32'], sizes: { any: Number.POSITIVE_INFINITY } }) as const satisfies KernelClasses;

export const CHANNEL_NORM_CLASSES = classesOf('channelNorm');
export const LAYER_NORM_CLASSES = classesOf('layerNorm');
export const RMS_NORM_CLASSES = classesOf('rmsNorm');
export const RMS_NORM_ROPE_CLASSES = classesOf('rmsNormRope');

/** Rows for which a subgroup of a processor loads a gain once. Graphics cards rather have many subgroups. */
const ROWS_ON_PROCESSOR = 4;

/**
 * The form of a norm. Where every subgroup has one size, as on processors and many graphics cards, one of them does a row.
 * @param width of a row, or of the parts of it that stay together; the subgroup form reads it by fours
 * @param wanted a form to use in the place of any choice
 * @throws TokenTrimError where the form that is wanted cannot be used
 */
export function rowForm(device: Device, classes: KernelClasses, width: number, wanted: Form | undefined): RowForm {
  const { kernel } = classes;
  const lanes = evenSubgroupSize(device);
  const fits = { subgroup: width % 4 === 0 && lanes > 0 };
  const form = chooseForm(device, classOf(classes, 'f32', 1), fits, wanted);
  if (form !== 'subgroup') return { kernel, overrides: {}, rowsAtOnce: 1 };
  const rowsAtOnce = isProcessor(device.features) ? ROWS_ON_PROCESSOR : 1;
  return { kernel: `${kernel}.subgroup`, overrides: { SUBGROUP: lanes, ROWS: rowsAtOnce }, rowsAtOnce };
}

/** The lanes of every subgroup, where all have as many; else 0. */
export function evenSubgroupSize({ features }: Device): number {
  const { subgroups, minSubgroupSize, maxSubgroupSize } = features;
  return subgroups && minSubgroupSize === maxSubgroupSize ? minSubgroupSize : 0;
}
