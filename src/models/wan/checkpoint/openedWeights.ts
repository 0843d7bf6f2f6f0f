import { TokenTrimError } from '../../../errors.js';
import { RenamedSource } from '../../../weights/renamedSource.js';
import { sectionsOf, selectSection } from '../../../weights/sections.js';
import { isFloat8 } from '../../../weights/storedType.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import { type WideType, widenFloat8 } from '../../../weights/widenFloat8.js';
import { type Detection, detectPart, whyUnusable } from './detection.js';
import type { Part } from './names.js';
import { withOfficialNames } from './withOfficialNames.js';

/** A set of weights as its file has it, and what it was recognised as. */
export interface OpenedWeights {
  /** Everything in the file; of a training checkpoint, names begin with their section. */
  readonly whole: TensorSource;
  /** The dictionaries of a training checkpoint; none where the tensors are at the top. */
  readonly sections: readonly string[];
  /** The one of them that is used. */
  readonly section?: string;
  /** The tensors of that section, or all; names, dtypes and scales as the file has them. */
  readonly tensors: TensorSource;
  readonly detection: Detection;
}

/**
 * Finds out what opened weights are.
 *
 * @param whole everything in the file, or in the shards
 * @param section of a training checkpoint; by default its averaged weights
 * @throws TokenTrimError where there is no such section
 */
export function examineWeights(whole: TensorSource, section?: string): OpenedWeights {
  const sections = sectionsOf(whole);
  const used = section ?? usualSection(whole, sections);
  const isUnusual = used === undefined && sections.length > 0; // nested, but not as a model's sections are
  const tensors = isUnusual ? whole : selectSection(whole, section);
  return { whole, sections, section: used, tensors, detection: detectPart(tensors) };
}

/** The section that `selectSection` takes by itself: what it leaves of a source that has each section's name in it. */
function usualSection(whole: TensorSource, sections: readonly string[]): string | undefined {
  if (sections.length === 0) return undefined;
  const [any] = whole.names();
  const probe = new RenamedSource(whole, new Map(sections.map((name) => [`${name}/${name}`, any])));
  try {
    return selectSection(probe).names()[0];
  } catch (error) {
    if (error instanceof TokenTrimError) return undefined;
    throw error;
  }
}

/** The weights under official names, 8-bit floats widened. */
export async function officialTensors({ tensors }: OpenedWeights, part?: Part, to?: WideType): Promise<TensorSource> {
  ensureUsable(tensors, part);
  return withOfficialNames(await widenFloat8(tensors, to), part);
}

/** @throws TokenTrimError for weights that are recognised and cannot be run: integers, another model of the family */
export function ensureUsable(tensors: TensorSource, part?: Part): void {
  const problem = whyUnusable(tensors, part);
  if (problem) throw new TokenTrimError(`${tensors.label}: this is ${problem}`);
}

/** How many tensors there are of each dtype. */
export function countDtypes(tensors: TensorSource, names = tensors.names()): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) {
    const { dtype } = tensors.info(name);
    counts[dtype] = (counts[dtype] ?? 0) + 1;
  }
  return counts;
}

/** True where some weights are 8-bit floats. */
export function hasFloat8(tensors: TensorSource): boolean {
  return tensors.names().some((name) => isFloat8(tensors.info(name).dtype));
}
