import type { Declaration, Expression, Statement } from '../syntax/tree.js';
import type { Context, Hoist } from './context.js';
import { kept, untyped } from './expressions.js';
import type { Lines } from './lines.js';
import { type Operand, zero } from './operand.js';
import { binaryOperation, converting } from './operators.js';
import type { Scope } from './scope.js';
import type { Type } from './types.js';

/** What the statements of a function have in common. */
export interface Body {
  readonly context: Context;
  readonly lines: Lines;
  readonly result: Type;
  /** Variables that pointers point to, by name. */
  readonly pointedAt: ReadonlySet<string>;
  /** What `continue` is in the loop around: where that ends with `continuing`, it leaves a block. */
  readonly next: string;
}

/** Statements that see each other's names. */
export function putStatements(body: Body, statements: readonly Statement[], outer: Scope): void {
  const scope = outer.inner();
  for (const statement of statements) putStatement(body, statement, scope);
}

function putStatement(body: Body, statement: Statement, scope: Scope): void {
  const { context, lines } = body;
  const { line } = statement;
  const of = (expression: Expression) => context.expression(expression, scope).code;
  const loop = { ...body, next: 'continue' };
  switch (statement.kind) {
    case 'block':
      lines.put(line, '{');
      putStatements(body, statement.body, scope);
      lines.put(undefined, '}');
      return;
    case 'if':
      lines.put(line, `if (${of(statement.condition)}) {`);
      putStatements(body, statement.then, scope);
      if (statement.otherwise) {
        lines.put(undefined, '} else {');
        putStatements(body, statement.otherwise, scope);
      }
      lines.put(undefined, '}');
      return;
    case 'for': {
      const head = scope.inner();
      const part = (one: Statement | undefined) => (one ? shortStatement(body, one, head) : '');
      const first = part(statement.first);
      const condition = statement.condition ? context.expression(statement.condition, head).code : '';
      lines.put(line, `for (${first}; ${condition}; ${part(statement.step)}) {`);
      putStatements(loop, statement.body, head);
      lines.put(undefined, '}');
      return;
    }
    case 'while':
      lines.put(line, `while (${of(statement.condition)}) {`);
      putStatements(loop, statement.body, scope);
      lines.put(undefined, '}');
      return;
    case 'loop': {
      const label = scope.temporary();
      lines.put(line, `for (;;) { ${label}: {`);
      // Its `continuing` does not see the names of the body, as it may in WGSL.
      putStatements({ ...body, next: `break ${label}` }, statement.body, scope);
      lines.put(undefined, '}');
      putStatements(loop, statement.continuing, scope);
      lines.put(undefined, '}');
      return;
    }
    case 'switch':
      putSwitch(body, statement, scope);
      return;
    case 'breakIf':
      lines.put(line, `if (${of(statement.condition)}) break;`);
      return;
    case 'break':
      lines.put(line, 'break;');
      return;
    case 'continue':
      lines.put(line, `${body.next};`);
      return;
    case 'return': {
      const { helpers } = context.module;
      const value = statement.value && converting(helpers, context.expression(statement.value, scope), body.result);
      lines.put(line, value ? `return ${kept(value)};` : 'return;');
      return;
    }
    case 'assign': {
      const before: string[] = [];
      const hoist: Hoist = (code) => {
        const name = scope.temporary();
        before.push(`const ${name} = ${code};`);
        return name;
      };
      const code = assignment(body, statement, scope, hoist);
      lines.put(line, before.length > 0 ? `{ ${before.join(' ')} ${code}; }` : `${code};`);
      return;
    }
    default:
      lines.put(line, `${shortStatement(body, statement, scope)};`);
      return;
  }
}

function putSwitch(body: Body, statement: Statement & { kind: 'switch' }, scope: Scope): void {
  const { context, lines } = body;
  lines.put(statement.line, `switch (${context.expression(statement.on, scope).code}) {`);
  for (const one of statement.cases) {
    const labels = one.values.map((value) => (value ? `case ${context.expression(value, scope).code}:` : 'default:'));
    lines.put(one.line, `${labels.join(' ')} {`);
    putStatements(body, one.body, scope);
    lines.put(undefined, 'break; }');
  }
  lines.put(undefined, '}');
}

/** A statement without a semicolon, as the head of a `for` takes it. */
function shortStatement(body: Body, statement: Statement, scope: Scope): string {
  if (statement.kind === 'declaration') return declaration(body, statement, scope);
  if (statement.kind === 'assign') return assignment(body, statement, scope);
  if (statement.kind === 'call') return body.context.expression(statement.call, scope).code;
  return body.context.module.fail(statement.line, `a ${statement.kind} cannot stand here`);
}

function declaration(body: Body, { keyword, name, type, value, line }: Declaration, scope: Scope): string {
  const { context, pointedAt } = body;
  const { module } = context;
  const given = value && context.expression(value, scope);
  const written = type && module.type(type);
  const found =
    typed(context, given, written, keyword === 'const') ?? module.fail(line, `${name} has neither type nor value`);
  const isBoxed =
    pointedAt.has(name) && keyword === 'var' && found.type.kind !== 'array' && found.type.kind !== 'struct';
  const isKnown = keyword === 'const' ? found.value : undefined;
  const { code } = scope.declare(name, found.type, isBoxed ? 'boxed' : 'value', isKnown);
  return `${keyword === 'var' ? 'let' : 'const'} ${code} = ${isBoxed ? `{ value: ${kept(found)} }` : kept(found)}`;
}

function typed(
  context: Context,
  given: Operand | undefined,
  written: Type | undefined,
  isConstant: boolean,
): Operand | undefined {
  if (!given) return written && { code: zero(written), type: written };
  if (written) return { ...converting(context.module.helpers, given, written), type: written };
  return isConstant ? given : untyped(context, given);
}

function assignment(
  { context }: Body,
  { operator, target, value }: Statement & { kind: 'assign' },
  scope: Scope,
  hoist?: Hoist,
): string {
  const given = context.expression(value, scope);
  if (!target) return `void (${given.code})`;
  const { helpers } = context.module;
  const place = context.place(target, scope, operator === '=' ? undefined : hoist);
  const changed =
    operator === '=' ? given : binaryOperation(helpers, operator, { code: place.read, type: place.type }, given);
  return place.write(kept({ ...converting(helpers, changed, place.type), isPlace: changed.isPlace }));
}
