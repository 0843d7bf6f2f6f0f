import * as z from 'zod';
import { ensure } from '../../../errors.js';
import { quote } from '../../../weights/quote.js';
import { readCharsMap } from './charsMap.js';
import { libraryNormalizer, libraryPreTokenizer } from './libraryTokenizer.js';
import { isWhiteSpace, trimEndOf, trimStartOf } from './whiteSpace.js';

/** A normaliser or pre-tokeniser of a tokenizer.json: its type, and what that type needs. */
export const stepSchema = z.looseObject({ type: z.string() }).nullish();
type Step = z.output<typeof stepSchema>;

/**
 * A tokenizer.json's normaliser. Most are the library's; these are ours, to agree with the Rust library: Precompiled
 * (the library puts NFKC in its place) and Strip (JavaScript trims another set of white space).
 */
export function normalizerOf(step: Step): (text: string) => string {
  if (!step) return (text) => text;
  switch (step.type) {
    case 'Sequence': {
      const steps = z.array(stepSchema).parse(step.normalizers).map(normalizerOf);
      return (text) => steps.reduce((current, normalize) => normalize(current), text);
    }
    case 'Precompiled':
      return readCharsMap(z.string().nullish().parse(step.precompiled_charsmap) ?? '');
    case 'Strip':
      return (text) => {
        const left = step.strip_left ? trimStartOf(text, isWhiteSpace) : text;
        return step.strip_right ? trimEndOf(left, isWhiteSpace) : left;
      };
    case 'Replace':
      return replacement(step);
    default:
      return libraryNormalizer(step);
  }
}

/** Letters that a replacement may make of a prompt: a few of them one after the other would make any number. */
const MAX_LETTERS = 2 ** 22;

function replacement(step: object): (text: string) => string {
  ensureQuick(step);
  const { length } = z.looseObject({ content: z.string() }).parse(step).content;
  const replace = libraryNormalizer(step);
  return (text) => {
    ensure(text.length * length <= MAX_LETTERS, `its replacements make more than ${MAX_LETTERS} letters of the prompt`);
    return replace(text);
  };
}

const LETTER = '(?:\\\\[^bBpPkuxc0-9]|\\\\p\\{[\\w=]+\\}|\\[\\^?[^\\\\\\[\\]]+\\]|[^\\\\()\\[\\]{}*+?|^$])';
const QUICK_PATTERN = new RegExp(`^\\^?(?:${LETTER}(?:\\{\\d{1,2}\\})?)*(?:${LETTER}(?:[+*]|\\{\\d{1,2},\\}))?$`, 'u');

/** Refuses a pattern that may go back over what it read: on some texts such a one takes for ever. */
function ensureQuick(step: object): void {
  const { Regex: pattern } = z.looseObject({ pattern: patternSchema }).parse(step).pattern ?? {};
  ensure(
    pattern === undefined || QUICK_PATTERN.test(pattern),
    () =>
      `its pattern ${quote(pattern)} may take for ever: only letters and classes in a row, the last repeated, are read`,
  );
}

/** As the Rust library writes them; of another, JavaScript's prints what it finds. */
const patternSchema = z
  .looseObject({ Regex: z.string().optional(), String: z.string().optional() })
  .refine((pattern) => pattern.Regex !== undefined || pattern.String !== undefined, 'a pattern is a String or a Regex')
  .optional();

/** A tokenizer.json's pre-tokeniser: cuts text into words. `isFirst` tells whether the text is the prompt's beginning. */
export type PreTokenizer = (text: string, isFirst: boolean) => string[];

/**
 * Most are the library's; ours are Metaspace (the library does not cut at the words that it marks, so unknown
 * characters of neighbours would fuse) and WhitespaceSplit (JavaScript has another set of white space).
 */
export function preTokenizerOf(step: Step): PreTokenizer {
  if (!step) return (text) => [text];
  switch (step.type) {
    case 'Sequence': {
      const steps = z.array(stepSchema).parse(step.pretokenizers).map(preTokenizerOf);
      return (text, isFirst) =>
        steps.reduce((words, split) => words.flatMap((word, index) => split(word, isFirst && index === 0)), [text]);
    }
    case 'WhitespaceSplit':
      return (text) => text.split(/\p{White_Space}+/u).filter((word) => word !== '');
    case 'Metaspace':
      return metaspace(metaspaceSchema.parse(step));
    default:
      ensureQuick(step);
      return libraryPreTokenizer(step);
  }
}

const metaspaceSchema = z.object({
  replacement: z.string().min(1).default('▁'),
  prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
  /** What older files have instead of the scheme. */
  add_prefix_space: z.boolean().default(true),
  split: z.boolean().default(true),
});

/** Source: huggingface/tokenizers tokenizers/src/pre_tokenizers/metaspace.rs. */
function metaspace({ replacement, ...options }: z.output<typeof metaspaceSchema>): PreTokenizer {
  const scheme = options.add_prefix_space ? options.prepend_scheme : 'never';
  return (text, isFirst) => {
    const marked = text.replaceAll(' ', () => replacement);
    const isPrefixed = scheme === 'always' || (scheme === 'first' && isFirst);
    const prefixed = isPrefixed && !marked.startsWith(replacement) ? replacement + marked : marked;
    if (!options.split) return [prefixed];
    return prefixed
      .split(replacement)
      .map((word, index) => (index === 0 ? word : replacement + word))
      .filter((word) => word !== '');
  };
}
