import { ensure, TokenTrimError } from '../../../errors.js';
import { quote, quoteSome } from '../../../weights/quote.js';
import { RenamedSource } from '../../../weights/renamedSource.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import { explainOther, unusableBecause } from './detection.js';
import { officialName, type Part } from './names.js';
import { findStructure } from './structure.js';

// Beside the weights in repackaged text encoders: the tokenizer's protobuf and the second name of the embedding.
const IGNORED = new Set(['spiece_model']);

/**
 * A view of `source` under official names, whatever wrapper or naming it was saved with.
 *
 * @throws TokenTrimError for weights that cannot be run, other models and other files, or two tensors of one name
 */
export function withOfficialNames(source: TensorSource, expected?: Part): TensorSource {
  const found = findStructure(source.names(), expected);
  ensure(found, () => notThePart(source, expected));
  const { part, naming, names } = found;
  const unusable = unusableBecause(source, found);
  if (unusable) throw new TokenTrimError(`${source.label}: this is ${unusable}`);
  const bare = new Set(names.values());
  const originals = new Map<string, string>();
  for (const [original, stripped] of names) {
    if (IGNORED.has(stripped)) continue;
    if (stripped === 'encoder.embed_tokens.weight' && bare.has('shared.weight')) continue;
    const official = naming === 'hf' ? officialName(part, stripped) : stripped;
    const other = originals.get(official);
    ensure(
      other === undefined,
      () =>
        `${source.label}: both ${quote(other)} and ${quote(original)} are the tensor ${quote(official)}. Save one set of weights only.`,
    );
    originals.set(official, original);
  }
  return new RenamedSource(source, originals);
}

/** What a file is that is not the part that was asked for. */
function notThePart(source: TensorSource, expected?: Part): string {
  const names = source.names();
  const found = findStructure(names);
  const other = explainOther(names);
  const what = found
    ? `those of a ${found.part}`
    : (other ?? `tensors that it does not have: ${quoteSome(names, 3) || 'none at all'}`);
  return `${source.label}: expected the tensors of a Wan2.1 ${expected ?? 'model'}, found ${what}. See weights/README.md for what fits.`;
}
