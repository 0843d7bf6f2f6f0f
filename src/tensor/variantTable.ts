import { TokenTrimError } from '../errors.js';

/**
 * Forms of one kernel with the same inputs and results: `plain` runs everywhere; `subgroup` is for processors, where
 * subgroups are small and of one size (lavapipe: 8 lanes, or 16 with 512-bit vectors); `tiled` is for graphics cards;
 * `matrix` is for those whose driver multiplies matrices by itself.
 */
export const VARIANTS = ['plain', 'subgroup', 'tiled', 'matrix'] as const;
export type Variant = (typeof VARIANTS)[number];

/** @throws TokenTrimError for a name that is no variant; `auto` is undefined: the best one, by trial or expectation */
export function parseVariant(name: string | undefined): Variant | undefined {
  if (name === undefined || name === '' || name === 'auto') return undefined;
  const variant = VARIANTS.find((known) => known === name);
  if (!variant) throw new TokenTrimError(`kernels: expected auto, ${VARIANTS.join(', ')}, found "${name}"`);
  return variant;
}

/**
 * Which form of each kernel a device runs, by class of problem. A device and the plans of runs on it share one table, so
 * that a plan counts the memory of the forms that will run.
 */
export class VariantTable {
  /** A form to use wherever it fits, in the place of every choice: `--kernels` and `TOKENTRIM_KERNELS`. */
  forced: Variant | undefined;
  /** What a measured trial chose. */
  readonly chosen = new Map<string, Variant>();
  /** Every class that was asked for, for trials to measure. */
  readonly asked = new Set<string>();
}
