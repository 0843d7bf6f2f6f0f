import { ensure } from '../errors.js';
import type { Device } from '../tensor/device.js';

/**
 * Forms of one kernel with the same inputs and results: `plain` runs everywhere; `subgroup` is for processors, where
 * subgroups are small and of one size (lavapipe: 8 lanes, or 16 with 512-bit vectors); `tiled` is for graphics cards.
 */
export type Variant = 'plain' | 'tiled' | 'subgroup';

const SUBGROUP_SIZES = [8, 16];

/** The lanes of every subgroup, where the `subgroup` kernels can run; else 0. */
export function subgroupSize({ features }: Device): number {
  const { minSubgroupSize: size } = features;
  return isProcessor(features) && SUBGROUP_SIZES.includes(size) ? size : 0;
}

/** Software adapters have subgroups of one size, that of the processor's vectors; graphics cards have larger ones. */
function isProcessor({ subgroups, minSubgroupSize, maxSubgroupSize }: Device['features']): boolean {
  return subgroups && minSubgroupSize === maxSubgroupSize && maxSubgroupSize <= Math.max(...SUBGROUP_SIZES);
}

/**
 * The best form for a device and a shape.
 * @param fits which forms, beside `plain`, exist and handle the shape
 * @param wanted a form to use in its place, for tests and benchmarks
 * @throws TokenTrimError where the form that is wanted cannot be used
 */
export function chooseVariant(
  device: Device,
  fits: { readonly subgroup?: boolean; readonly tiled?: boolean },
  wanted?: Variant,
): Variant {
  if (device.kind === 'reference') return wanted ?? 'plain'; // it runs the twin of any
  const canSubgroup = fits.subgroup === true && subgroupSize(device) > 0;
  const can = { plain: true, subgroup: canSubgroup, tiled: fits.tiled === true };
  if (wanted) {
    ensure(
      can[wanted],
      () => `the ${wanted} form of this kernel is not for this shape on ${device.name}: leave it out`,
    );
    return wanted;
  }
  if (canSubgroup) return 'subgroup';
  return can.tiled && !isProcessor(device.features) ? 'tiled' : 'plain';
}
