import { join } from 'node:path';
import * as z from 'zod';
import { TokenTrimError } from '../../errors.js';
import { parseConfig } from '../../models/wan/config.js';
import { cleanPrompt, cleanWithoutRepair } from '../../models/wan/text/clean.js';
import type { PromptTokenizer } from '../../models/wan/text/tokenize.js';
import { readTextFile } from '../../node/files/plainFile.js';
import { loadTokenizer } from '../../node/model/modelTexts.js';
import type { ParityCheck, ParityInput } from './input.js';

const ids = z.array(z.int());
const stringSchema = z.object({
  text: z.string(),
  /** What C++ sentencepiece gives, without the end mark. */
  spm_ids: ids.optional(),
  /** What the Rust library gives, by tokenizer file, with the end mark. */
  hf: z.record(z.string(), z.object({ ids, padded_ids: ids.optional(), mask: ids.optional() })),
  cleaned: z.string().optional(),
  cleaned_without_ftfy: z.string().optional(),
  /** Of `cleaned_without_ftfy`, by the first tokenizer file. */
  cleaned_hf_ids: ids.optional(),
});
type Expected = z.output<typeof stringSchema>;

/** More ids than any character becomes: 18 characters of 4 bytes. */
const IDS_PER_CHARACTER = 72;

/**
 * Parity kind `sentencepiece`: every tokenizer.json of the case must give the ids of the Rust library for every string, cut
 * and padded as well, and prompts must be cleaned as the official code cleans them. How many strings C++ sentencepiece
 * encodes in the same way is told, not required: the official code uses the Rust library.
 */
export async function* sentencepiece({ folder, config }: ParityInput): AsyncGenerator<ParityCheck> {
  const { seq_len: textLength } = parseConfig(z.object({ seq_len: z.int().positive() }), config, 'sentencepiece');
  const strings = await readExpected(join(folder, 'expected.json'));
  const files = [...new Set(strings.flatMap(({ hf }) => Object.keys(hf)))];
  for (const [index, file] of files.entries()) {
    const tokenizer = await loadTokenizer(join(folder, file));
    yield compareIds(file, tokenizer, strings, textLength);
    if (index > 0) continue;
    yield compare(`${file}, cleaned`, strings, ({ cleaned_without_ftfy: text, cleaned_hf_ids: expected }) => {
      return text === undefined || expected === undefined ? undefined : [encode(tokenizer, text), expected];
    });
  }
  yield compare('cleaning without ftfy', strings, ({ text, cleaned_without_ftfy: expected }) => {
    return expected === undefined ? undefined : [cleanWithoutRepair(text), expected];
  });
  const repaired = strings.filter(({ cleaned }) => cleaned !== undefined);
  if (repaired.length > 0) yield compare('cleaning', repaired, ({ text, cleaned }) => [cleanPrompt(text), cleaned]);
}

function compareIds(
  file: string,
  tokenizer: PromptTokenizer,
  strings: readonly Expected[],
  textLength: number,
): ParityCheck {
  const check = compare(file, strings, ({ text, hf }) => {
    const expected = hf[file];
    if (!expected) return undefined;
    const padded = tokenizer.encode(text, textLength);
    const mask = padded.ids.map((_, position) => (position < padded.length ? 1 : 0));
    return [
      [encode(tokenizer, text), expected.padded_ids && [...padded.ids], expected.mask && [...mask]],
      [expected.ids, expected.padded_ids, expected.mask],
    ];
  });
  const known = strings.filter(({ spm_ids }) => spm_ids !== undefined);
  const alike = known.filter(({ text, spm_ids }) => {
    return encode(tokenizer, text).slice(0, -1).join() === spm_ids?.join();
  });
  return {
    ...check,
    detail: `${check.detail}; C++ sentencepiece gives the same ids for ${alike.length} of ${known.length}`,
  };
}

/** Compares what `pair` gives for every string: what was found and what is expected, or undefined to leave it out. */
function compare(
  check: string,
  strings: readonly Expected[],
  pair: (string: Expected) => [found: unknown, expected: unknown] | undefined,
): ParityCheck {
  let count = 0;
  const wrong: string[] = [];
  for (const string of strings) {
    const values = pair(string);
    if (!values) continue;
    const [found, expected] = values.map((value) => JSON.stringify(value));
    count++;
    if (found !== expected) wrong.push(`${JSON.stringify(string.text)} gives ${found}, expected ${expected}`);
  }
  const more = wrong.length > 1 ? ` and ${wrong.length - 1} more` : '';
  return {
    check,
    passed: wrong.length === 0,
    detail:
      wrong.length === 0
        ? `${count} strings equal`
        : `${count - wrong.length} of ${count} strings equal: ${wrong[0]}${more}`,
  };
}

/** All ids of a text with the end mark. */
function encode(tokenizer: PromptTokenizer, text: string): number[] {
  const { ids, length } = tokenizer.encode(text, (text.length + 1) * IDS_PER_CHARACTER);
  return [...ids.subarray(0, length)];
}

async function readExpected(path: string): Promise<Expected[]> {
  try {
    return z
      .array(stringSchema)
      .nonempty()
      .parse(JSON.parse(await readTextFile(path, { what: 'the strings of a sentencepiece case', limit: 2 ** 24 })));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause).split('\n')[0] : (cause as Error).message;
    throw new TokenTrimError(`${path}: expected the strings of a sentencepiece case and their ids: ${reason}`, {
      cause,
    });
  }
}
