import { decodeHTML, decodeHTMLStrict } from 'entities';
import { trimEndOf, trimStartOf } from './whiteSpace.js';

/**
 * Cleans a prompt as the official tokenizer does before splitting it: repair the text, undo HTML escapes twice, and
 * make every run of white space one space.
 * Source: Wan-Video/Wan2.1 `wan/modules/tokenizers.py basic_clean, whitespace_clean`.
 *
 * Deviation: upstream repairs with the Python package ftfy; {@link repairText} does what ftfy does to ordinary prompts
 * but leaves mojibake (text decoded in the wrong encoding, "schÃ¶n") as it is.
 */
export function cleanPrompt(prompt: string): string {
  return cleanWithoutRepair(repairText(prompt));
}

/** {@link cleanPrompt} without its first step: all of the official cleaning except ftfy. */
export function cleanWithoutRepair(text: string): string {
  const unescaped = strip(unescapeHtml(unescapeHtml(text)));
  return strip(unescaped.replace(WHITE_SPACE_RUN, ' '));
}

// White space is not the same set everywhere: JavaScript's \s has U+FEFF and lacks U+0085, Python's `regex` has the
// Unicode property White_Space, and Python's str.strip() adds the four separators U+001C to U+001F.
const WHITE_SPACE_RUN = /\p{White_Space}+/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const STRIPPED = /[\p{White_Space}\x1c-\x1f]/u;

function strip(text: string): string {
  const isStripped = (letter: string) => STRIPPED.test(letter);
  return trimStartOf(trimEndOf(text, isStripped), isStripped);
}

// Numeric references to code points that HTML does not allow; Python's html.unescape drops them.
const NUMERIC = /&#(?:[xX][0-9a-fA-F]+|[0-9]+);?/g;

function unescapeHtml(text: string): string {
  return decodeHTML(text.replace(NUMERIC, (reference) => (isDropped(codePoint(reference)) ? '' : reference)));
}

function codePoint(reference: string): number {
  const digits = reference.slice(2).replace(';', '');
  return /^[xX]/.test(digits) ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 10);
}

function isDropped(code: number): boolean {
  if (code > 0x10ffff) return false;
  const control = (code >= 0x1 && code <= 0x8) || code === 0xb || (code >= 0xe && code <= 0x1f) || code === 0x7f;
  return control || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}

/**
 * The repairs of ftfy's `fix_text` that ordinary prompts need, in its order and until nothing changes: HTML entities,
 * C1 controls, Latin ligatures, character width, curly quotes, line breaks, lone surrogates, terminal escapes, control
 * characters, NFC. Approximations of rspeer/python-ftfy `ftfy/fixes.py`; its repair of encodings is left out.
 */
export function repairText(text: string): string {
  let entities = true;
  // Line by line, as ftfy does: once a line has a "<", it and the lines after it keep their entities.
  const lines = text.split(/(?<=\n)/).map((line) => {
    entities &&= !line.includes('<');
    return untilStable(line, (current) => repairOnce(entities ? decodeClearEntities(current) : current));
  });
  return lines.join('');
}

/** Entities in entities, "&amp;amp;", take a pass each; ftfy goes on without end, which takes time with the square of them. */
const MAX_PASSES = 100;

function untilStable(text: string, repair: (text: string) => string): string {
  let stable = text;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const repaired = repair(stable);
    if (repaired === stable) break;
    stable = repaired;
  }
  return stable;
}

function repairOnce(text: string): string {
  return text
    .replace(/[\x80-\x9f]/g, windows1252)
    .replace(LATIN_LIGATURES, (ligature) => (ligature === 'ﬅ' ? 'ſt' : ligature.normalize('NFKC')))
    .replace(/\u3000/g, ' ')
    .replace(/[\uff01-\uffef]/g, (character) => character.normalize('NFKC'))
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/[\u02bc\u2018-\u201b]/g, "'")
    .replace(/\r\n|[\r\u2028\u2029\x85]/g, '\n')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(TERMINAL_ESCAPE, '')
    .replace(CONTROL_CHARACTERS, '')
    .normalize('NFC');
}

/** What Windows-1252 has where Unicode has C1 controls; HTML reads numeric references that way (Node's TextDecoder errs). */
function windows1252(control: string): string {
  return decodeHTML(`&#${control.charCodeAt(0)};`);
}

const LATIN_LIGATURES = /[ĲĳŉǄ-ǌǱ-ǳﬀ-ﬆ]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const TERMINAL_ESCAPE = /\u001b\[[\p{Nd};]*[a-zA-Z]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL_CHARACTERS = /[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g;

/** Decodes entities that end in a semicolon, also those written all in capitals (&NTILDE;). */
function decodeClearEntities(text: string): string {
  return text.replace(/&#?[0-9A-Za-z]{1,24};/g, (entity) => {
    if (entity[1] === '#') {
      const decoded = unescapeHtml(entity);
      return decoded.includes(';') ? entity : decoded;
    }
    const decoded = decodeHTMLStrict(entity);
    if (decoded !== entity || entity !== entity.toUpperCase() || decodeHTML(entity) !== entity) return decoded;
    const lower = entity.toLowerCase();
    const small = decodeHTMLStrict(lower);
    return small === lower ? entity : small.toUpperCase();
  });
}
