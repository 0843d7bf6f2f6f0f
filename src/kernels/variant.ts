import { ensure } from '../errors.js';
import type { Device } from '../tensor/device.js';
import type { Variant } from '../tensor/variantTable.js';

export type { Variant } from '../tensor/variantTable.js';

/** What is measured together: problems of one kernel that the same form is the best for. */
export interface KernelClass {
  readonly kernel: string;
  /** Types of the operands that select code, such as `bf16`. */
  readonly type: string;
  /** Such as `17 to 64 rows`. */
  readonly size: string;
}

/** The name of a class in a device's `VariantTable`. */
export const classKey = ({ kernel, type, size }: KernelClass): string => `${kernel} | ${type} | ${size}`;

const SUBGROUP_SIZES = [8, 16];

/** The lanes of every subgroup, where the outer products of the `subgroup` kernels can run; else 0. */
export function subgroupSize({ features }: Device): number {
  const { minSubgroupSize: size } = features;
  return isProcessor(features) && SUBGROUP_SIZES.includes(size) ? size : 0;
}

/** Software adapters have subgroups of one size, that of the processor's vectors; graphics cards have larger ones. */
export function isProcessor({ subgroups, minSubgroupSize, maxSubgroupSize }: Device['features']): boolean {
  return subgroups && minSubgroupSize === maxSubgroupSize && maxSubgroupSize <= Math.max(...SUBGROUP_SIZES);
}

/**
 * The form of a kernel for a device and a problem: the one that is wanted, else the one forced on the device where it fits,
 * else what a trial chose for the class, else the one that is expected to be the best.
 * @param fits which forms, beside `plain`, exist and handle the problem on this device
 * @param wanted a form to use in the place of any choice, for tests and benchmarks
 * @throws TokenTrimError where the form that is wanted cannot be used
 */
export function chooseVariant(
  device: Device,
  problem: KernelClass,
  fits: { readonly [Form in Exclude<Variant, 'plain'>]?: boolean },
  wanted?: Variant,
): Variant {
  if (device.kind === 'reference') return wanted ?? 'plain'; // it runs the twin of any
  const can = (form: string | undefined): form is Variant =>
    form === 'plain' || fits[form as Exclude<Variant, 'plain'>] === true;
  if (wanted) {
    ensure(
      can(wanted),
      () => `the ${wanted} form of this kernel is not for this shape on ${device.name}: leave it out`,
    );
    return wanted;
  }
  const { variants } = device;
  if (variants.forced) return can(variants.forced) ? variants.forced : 'plain';
  const key = classKey(problem);
  variants.asked.add(key);
  const chosen = variants.chosen.get(key);
  if (can(chosen)) return chosen;
  const order: readonly Variant[] = isProcessor(device.features) ? ['subgroup'] : ['tiled', 'subgroup'];
  return order.find(can) ?? 'plain';
}
