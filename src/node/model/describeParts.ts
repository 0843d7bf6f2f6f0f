import type { ModelPart } from './modelFolder.js';

/** One line for each part of a model: which file it is, what it was recognised as, and how its values are stored. */
export function describeParts(parts: readonly ModelPart[]): string[] {
  return parts.map(({ part, path, recognised, dtypes = {} }) =>
    part === 'tokenizer'
      ? `tokenizer: ${path}`
      : `${part}: ${path} (${recognised}; ${Object.keys(dtypes).sort().join(', ')})`,
  );
}
