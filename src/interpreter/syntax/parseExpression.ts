import type { Expression, TypeName } from './tree.js';
import type { Words } from './words.js';

/** Names that a `<` behind them makes a template of, and not a comparison. */
const TEMPLATED =
  /^(?:array|atomic|ptr|bitcast|vec[234]|mat[234]x[234]|subgroup_matrix_(?:left|right|result)|subgroupMatrix(?:Load|Store))$/;

/** Operators from the loosest to the tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
/** In a template a `>` closes it. */
const IN_TEMPLATE = LEVELS.findIndex((level) => level.includes('+'));

export function parseExpression(words: Words): Expression {
  return binary(words, 0);
}

export function parseType(words: Words): TypeName {
  const { line } = words;
  const name = words.takeName();
  return { name, templates: templatesOf(words, name), line };
}

/** An expression as far as it may stand on the left of an assignment, or a call. */
export function parseUnary(words: Words): Expression {
  const { line } = words;
  const operator = (['-', '!', '~', '&', '*'] as const).find((symbol) => words.isNext(symbol));
  if (operator) {
    words.take();
    return { kind: 'unary', operator, operand: parseUnary(words), line };
  }
  if (words.isNext('&&')) words.fail('an expression');
  return postfix(words, primary(words));
}

function templatesOf(words: Words, name: string): Expression[] {
  if (!TEMPLATED.test(name) || !words.takeIf('<')) return [];
  return words.list('>', () => binary(words, IN_TEMPLATE));
}

function binary(words: Words, level: number): Expression {
  if (level === LEVELS.length) return parseUnary(words);
  let left = binary(words, level + 1);
  for (;;) {
    const operator = words.operator();
    if (!LEVELS[level].includes(operator)) return left;
    const { line } = words;
    words.takeOperator(operator);
    left = { kind: 'binary', operator, left, right: binary(words, level + 1), line };
  }
}

function primary(words: Words): Expression {
  const { kind, text, line } = words.peek();
  if (words.takeIf('(')) {
    const inner = parseExpression(words);
    words.expect(')');
    return inner;
  }
  if (kind === 'number' || text === 'true' || text === 'false') {
    words.take();
    return { kind: 'literal', text, line };
  }
  if (kind !== 'name') words.fail('an expression');
  words.take();
  const templates = templatesOf(words, text);
  if (!words.takeIf('(')) return { kind: 'name', name: text, templates, line };
  return { kind: 'call', name: text, templates, given: words.list(')', () => parseExpression(words)), line };
}

function postfix(words: Words, first: Expression): Expression {
  let found = first;
  for (;;) {
    const { line } = words;
    if (words.takeIf('[')) {
      const index = parseExpression(words);
      words.expect(']');
      found = { kind: 'index', of: found, index, line };
    } else if (words.takeIf('.')) {
      found = { kind: 'member', of: found, name: words.takeName(), line };
    } else {
      return found;
    }
  }
}
