import type { Device } from '../../tensor/device.js';
import { chooseForm, type Form, isProcessor } from '../forms/form.js';

interface RowForm {
  readonly kernel: string;
  readonly overrides: Readonly<Record<string, number>>;
  /** Rows that a workgroup does. */
  readonly rowsAtOnce: number;
}

/** Rows for which a subgroup of a processor loads a gain once. Graphics cards rather have many subgroups. */
const ROWS_ON_PROCESSOR = 4;

/**
 * The form of a norm. Where every subgroup has one size, as on processors and many graphics cards, one of them does a row.
 * @param width of a row; the subgroup form reads it by fours
 * @param wanted a form to use in the place of any choice
 * @throws TokenTrimError where the form that is wanted cannot be used
 */
export function rowForm(device: Device, kernel: string, width: number, wanted: Form | undefined): RowForm {
  const lanes = evenSubgroupSize(device);
  const fits = { subgroup: width % 4 === 0 && lanes > 0 };
  const form = chooseForm(device, { kernel, type: 'f32', size: 'any' }, fits, wanted);
  if (form !== 'subgroup') return { kernel, overrides: {}, rowsAtOnce: 1 };
  const rowsAtOnce = isProcessor(device.features) ? ROWS_ON_PROCESSOR : 1;
  return { kernel: `${kernel}.subgroup`, overrides: { SUBGROUP: lanes, ROWS: rowsAtOnce }, rowsAtOnce };
}

/** The lanes of every subgroup, where all have as many; else 0. */
export function evenSubgroupSize({ features }: Device): number {
  const { subgroups, minSubgroupSize, maxSubgroupSize } = features;
  return subgroups && minSubgroupSize === maxSubgroupSize ? minSubgroupSize : 0;
}
