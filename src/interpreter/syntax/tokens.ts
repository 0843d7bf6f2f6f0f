import { WgslError } from '../wgslError.js';

/** A word of WGSL. A `>` is always one by itself: only the parser knows whether `>>` shifts or closes two templates. */
export interface Token {
  readonly kind: 'name' | 'number' | 'symbol' | 'end';
  readonly text: string;
  readonly line: number;
  /** Where it begins, in characters of the whole text. */
  readonly at: number;
}

const NUMBER = /0[xX][0-9a-fA-F]+[ui]?|(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?[fh]?|\d+[eE][+-]?\d+[fh]?|\d+[uifh]?/y;
const NAME = /[A-Za-z_]\w*/y;
const SPACE = /(?:[ \t\r\n]+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;

/** Longest first; those that begin with `>` are put together by the parser. */
const SYMBOLS = [
  ...['<<='],
  ...['&&', '||', '==', '!=', '<=', '->', '++', '--', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<'],
  ...'+-*/%&|^~!<>=(){}[],.;:@_',
];

/**
 * The words of a text, an `end` last.
 * @param file what errors call the text
 * @throws WgslError at a character that begins no word
 */
export function tokenize(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    const space = match(SPACE);
    if (space) {
      line += space.split('\n').length - 1;
      at += space.length;
    }
    if (at >= text.length) break;
    const number = match(NUMBER);
    const name = number === undefined ? match(NAME) : undefined;
    const found = number ?? name ?? SYMBOLS.find((symbol) => text.startsWith(symbol, at));
    if (found === undefined) throw new WgslError(file, line, `no word of WGSL begins with "${text[at]}"`);
    tokens.push({ kind: number ? 'number' : name ? 'name' : 'symbol', text: found, line, at });
    at += found.length;
  }
  tokens.push({ kind: 'end', text: 'the end of the file', line, at });
  return tokens;
}
