import { ensure } from '../../errors.js';
import type { Device } from '../../tensor/device.js';
import { classKey, type KernelClass, VARIANTS, type Variant } from '../../tensor/formTable.js';

export { classKey, type KernelClass, type Variant } from '../../tensor/formTable.js';

const SUBGROUP_SIZES = [8, 16];

/** The lanes of every subgroup, where the outer products of the `subgroup` kernels can run; else 0. */
export function subgroupSize({ features }: Device): number {
  const { minSubgroupSize: size } = features;
  return isProcessor(features) && SUBGROUP_SIZES.includes(size) ? size : 0;
}

/**
 * Software adapters have subgroups of one size, that of the processor's vectors; graphics cards have larger ones. Of an
 * adapter without subgroups only its name tells.
 */
export function isProcessor({ software, subgroups, minSubgroupSize, maxSubgroupSize }: Device['features']): boolean {
  if (!subgroups) return software === true;
  return minSubgroupSize === maxSubgroupSize && maxSubgroupSize <= Math.max(...SUBGROUP_SIZES);
}

/** Of forms that handle a problem, the one to use where nothing was measured. */
export function expectedForm({ features }: Pick<Device, 'features'>, forms: readonly Variant[]): Variant {
  const order: readonly Variant[] = isProcessor(features) ? ['subgroup'] : ['matrix', 'tiled', 'subgroup'];
  return order.find((form) => forms.includes(form)) ?? 'plain';
}

/**
 * The form of a kernel for a device and a problem: the one that is wanted, else the one forced on the device where it fits,
 * else what a trial chose for the class, else the one that is expected to be the best. The forms of a kernel round
 * differently, so the values of a run depend on the choices; they change where a trial is made anew (`tuneKernels`).
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
  const forms = VARIANTS.filter((form) => form === 'plain' || fits[form]);
  if (wanted) {
    ensure(
      forms.includes(wanted),
      () => `the ${wanted} form of this kernel is not for this shape on ${device.name}: leave it out`,
    );
    return wanted;
  }
  const { variants } = device;
  if (variants.forced) return forcedForm(variants.forced, forms);
  const key = classKey(problem);
  variants.ask(key, problem, forms);
  const chosen = variants.chosen.get(key);
  return chosen && forms.includes(chosen) ? chosen : expectedForm(device, forms);
}

/** Kernels that do not tell `half` from `matrix` run the latter, which rounds nothing that they were not given rounded. */
function forcedForm(forced: Variant, forms: readonly Variant[]): Variant {
  const wanted: readonly Variant[] = forced === 'half' ? ['half', 'matrix'] : [forced];
  return wanted.find((form) => forms.includes(form)) ?? 'plain';
}
