import { ensure } from '../errors.js';
import { quote, quoteSome } from './quote.js';
import { RenamedSource } from './renamedSource.js';
import type { TensorSource } from './tensorSource.js';

/**
 * Taken where no section is named, first match first. The EMA weights are those that Self-Forcing's demo.py and the
 * released clips use; the others are how trainers wrap a single state dict.
 */
const PREFERRED = ['generator_ema', 'generator', 'model', 'state_dict', 'module'];

/** The top-level dictionaries of a training checkpoint, in file order; none where the tensors are at the top. */
export function sectionsOf(source: Pick<TensorSource, 'names'>): string[] {
  const names = source.names();
  if (!names.every((name) => name.includes('/'))) return [];
  return [...new Set(names.map((name) => name.slice(0, name.indexOf('/'))))];
}

/**
 * A view of one section, under the names that its tensors have in it; the source itself where it has no sections.
 * Closing the view closes the source.
 *
 * @param section a name of `sectionsOf`, or several joined by "/"; without it generator_ema, else generator, else the
 *   only one, as deep as there are sections
 * @throws TokenTrimError where there is no such section, or several and none of them is the usual one
 */
export function selectSection(source: TensorSource, section?: string): TensorSource {
  const sections = sectionsOf(source);
  if (section === undefined) {
    if (sections.length === 0) return source;
    const usual =
      PREFERRED.find((name) => sections.includes(name)) ?? (sections.length === 1 ? sections[0] : undefined);
    ensure(
      usual !== undefined,
      () =>
        `${source.label}: expected one set of weights, found the sections ${quoteSome(sections)}. Name one of them.`,
    );
    return selectSection(sectionView(source, usual));
  }
  const view = sectionView(source, section);
  ensure(
    view.names().length > 0,
    () =>
      `${source.label}: there is no section ${quote(section)} in it: ${
        sections.length > 0 ? `it has ${quoteSome(sections)}` : 'its tensors are not in sections, so name none'
      }.`,
  );
  return view;
}

function sectionView(source: TensorSource, section: string): TensorSource {
  const prefix = `${section}/`;
  const inside = source.names().filter((name) => name.startsWith(prefix));
  return new RenamedSource(source, new Map(inside.map((name) => [name.slice(prefix.length), name])));
}
