import { parseExpression, parseType, parseUnary } from './parseExpression.js';
import type { Attributes, Case, Declaration, Expression, Statement } from './tree.js';
import type { Words } from './words.js';

const ASSIGNMENTS = ['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>='];

/** What stands in braces. */
export function parseBlock(words: Words): Statement[] {
  words.expect('{');
  const body: Statement[] = [];
  while (!words.takeIf('}')) {
    const statement = parseStatement(words);
    if (statement) body.push(statement);
  }
  return body;
}

export function parseAttributes(words: Words): Attributes {
  const found = new Map<string, Expression[]>();
  while (words.takeIf('@')) {
    const name = words.takeName();
    found.set(name, words.takeIf('(') ? words.list(')', () => parseExpression(words)) : []);
  }
  return found;
}

/** `var`, `let`, `const` or `override`, without the semicolon. */
export function parseDeclaration(words: Words, attributes: Attributes): Declaration {
  const { line } = words;
  const keyword = words.takeName() as Declaration['keyword'];
  let [space, access] = ['', ''];
  if (keyword === 'var' && words.takeIf('<')) {
    space = words.takeName();
    if (words.takeIf(',')) access = words.takeName();
    words.expect('>');
  }
  const name = words.takeName();
  const type = words.takeIf(':') ? parseType(words) : undefined;
  const value = words.takeIf('=') ? parseExpression(words) : undefined;
  return { kind: 'declaration', keyword, space, access, name, type, value, attributes, line };
}

function parseStatement(words: Words): Statement | undefined {
  const { line } = words;
  if (words.takeIf(';')) return undefined;
  parseAttributes(words); // those of statements are about diagnostics
  if (words.isNext('{')) return { kind: 'block', body: parseBlock(words), line };
  if (words.takeIf('if')) return parseIf(words, line);
  if (words.takeIf('for')) return parseFor(words, line);
  if (words.takeIf('while')) {
    return { kind: 'while', condition: parseExpression(words), body: parseBlock(words), line };
  }
  if (words.takeIf('loop')) return parseLoop(words, line);
  if (words.takeIf('switch')) return parseSwitch(words, line);
  const statement = parseShort(words);
  words.expect(';');
  return statement;
}

/** One that ends with a semicolon, without it. */
function parseShort(words: Words): Statement {
  const { line } = words;
  if (words.takeIf('break')) {
    if (words.takeIf('if')) return { kind: 'breakIf', condition: parseExpression(words), line };
    return { kind: 'break', line };
  }
  if (words.takeIf('continue')) return { kind: 'continue', line };
  if (words.takeIf('return')) {
    return { kind: 'return', value: words.isNext(';') ? undefined : parseExpression(words), line };
  }
  return parseSimple(words);
}

/** What may stand in the head of a `for`. */
function parseSimple(words: Words): Statement {
  const { line } = words;
  if (['var', 'let', 'const'].some((keyword) => words.isNext(keyword))) return parseDeclaration(words, new Map());
  if (words.isNext('_') && words.isNext('=', 1)) {
    words.take();
    words.take();
    return { kind: 'assign', operator: '=', target: undefined, value: parseExpression(words), line };
  }
  const target = parseUnary(words);
  const operator = words.operator();
  if (operator === '++' || operator === '--') {
    words.take();
    return { kind: 'assign', operator: operator[0], target, value: { kind: 'literal', text: '1', line }, line };
  }
  if (ASSIGNMENTS.includes(operator)) {
    words.takeOperator(operator);
    return { kind: 'assign', operator: operator.slice(0, -1) || '=', target, value: parseExpression(words), line };
  }
  if (target.kind !== 'call') words.fail('an assignment or a call');
  return { kind: 'call', call: target, line };
}

function parseIf(words: Words, line: number): Statement {
  const condition = parseExpression(words);
  const then = parseBlock(words);
  if (!words.takeIf('else')) return { kind: 'if', condition, then, otherwise: undefined, line };
  const next = words.line;
  const otherwise = words.takeIf('if') ? [parseIf(words, next)] : parseBlock(words);
  return { kind: 'if', condition, then, otherwise, line };
}

function parseFor(words: Words, line: number): Statement {
  words.expect('(');
  const first = words.isNext(';') ? undefined : parseSimple(words);
  words.expect(';');
  const condition = words.isNext(';') ? undefined : parseExpression(words);
  words.expect(';');
  const step = words.isNext(')') ? undefined : parseSimple(words);
  words.expect(')');
  return { kind: 'for', first, condition, step, body: parseBlock(words), line };
}

function parseLoop(words: Words, line: number): Statement {
  words.expect('{');
  const body: Statement[] = [];
  let continuing: Statement[] = [];
  while (!words.takeIf('}')) {
    if (words.takeIf('continuing')) {
      continuing = parseBlock(words);
      continue;
    }
    const statement = parseStatement(words);
    if (statement) body.push(statement);
  }
  return { kind: 'loop', body, continuing, line };
}

function parseSwitch(words: Words, line: number): Statement {
  const on = parseExpression(words);
  words.expect('{');
  const cases: Case[] = [];
  while (!words.takeIf('}')) {
    const at = words.line;
    const values: (Expression | undefined)[] = [];
    if (words.takeIf('default')) {
      values.push(undefined);
    } else {
      words.expect('case');
      do values.push(words.takeIf('default') ? undefined : parseExpression(words));
      while (words.takeIf(',') && !words.isNext('{') && !words.isNext(':'));
    }
    words.takeIf(':');
    cases.push({ values, body: parseBlock(words), line: at });
  }
  return { kind: 'switch', on, cases, line };
}
