import type { Helpers } from './helpers.js';
import { converted, folded, type Operand, rounded } from './operand.js';
import { BOOL, concrete, elementOf, FLOAT, INT, isAbstract, type ScalarType, type Type, vector } from './types.js';

const COMPARISONS: Readonly<Record<string, string>> = {
  '==': '===',
  '!=': '!==',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
};

/** Makes of a constant without a type of its own one of a type; all else has the type already. */
export function converting(helpers: Helpers, operand: Operand, to: Type): Operand {
  if (!isAbstract(operand.type) || operand.type === to) return operand;
  if (operand.type.kind === 'scalar' && to.kind === 'scalar') {
    return folded(converted(operand.code, operand.type, to), to, [operand]);
  }
  if (operand.type.kind === 'vector' && to.kind === 'vector') {
    const { of } = operand.type;
    const name = helpers.lanes(`${of.name}To_${to.of.name}`, to.size, [true], ([x]) => converted(x, of, to.of));
    return { code: `${name}(${operand.code})`, type: to };
  }
  return operand;
}

/** The type of elements that two operands have in common: that of the one which has a type of its own. */
export function commonElement(operands: readonly Operand[]): ScalarType {
  const elements = operands.map(({ type }) => elementOf(type) as ScalarType);
  return elements.find((of) => of !== INT && of !== FLOAT) ?? (elements.includes(FLOAT) ? FLOAT : INT);
}

/** Gives all operands that element type, and the size of the vectors among them, 0 where there is none. */
export function unified(
  helpers: Helpers,
  operands: readonly Operand[],
): { given: Operand[]; of: ScalarType; size: number } {
  const of = commonElement(operands);
  const given = operands.map((operand) => {
    const { type } = operand;
    return converting(helpers, operand, type.kind === 'vector' ? vector(type.size, of) : of);
  });
  const size = Math.max(...given.map(({ type }) => (type.kind === 'vector' ? type.size : 0)));
  return { given, of, size };
}

/** The same done to every lane, or to scalars where there are no vectors. */
export function lanewise(
  helpers: Helpers,
  name: string,
  operands: readonly Operand[],
  result: ScalarType,
  lane: (given: readonly string[]) => string,
): Operand {
  const size = Math.max(...operands.map(({ type }) => (type.kind === 'vector' ? type.size : 0)));
  if (size === 0) return folded(lane(operands.map(({ code }) => code)), result, operands);
  const isVector = operands.map(({ type }) => type.kind === 'vector');
  const helper = helpers.lanes(name, size, isVector, lane);
  return { code: `${helper}(${operands.map(({ code }) => code).join(', ')})`, type: vector(size, result) };
}

export function binaryOperation(helpers: Helpers, operator: string, left: Operand, right: Operand): Operand {
  if (operator === '&&' || operator === '||') {
    return folded(`(${left.code} ${operator} ${right.code})`, BOOL, [left, right]);
  }
  if (left.type.kind === 'matrix' || right.type.kind === 'matrix')
    return matrixOperation(helpers, operator, left, right);
  if (operator === '<<' || operator === '>>') {
    const of = elementOf(left.type) as ScalarType;
    const name = `${operator === '<<' ? 'left' : 'right'}_${of.name}`;
    const signs: Record<string, string> = { '<<': '<<', '>>': of.name === 'u32' ? '>>>' : '>>' };
    return lanewise(helpers, name, [left, right], of, ([a, b]) => {
      return of.name === 'u32' ? `((${a} ${signs[operator]} ${b}) >>> 0)` : `(${a} ${signs[operator]} ${b})`;
    });
  }
  const { given, of } = unified(helpers, [left, right]);
  const comparison = COMPARISONS[operator];
  if (comparison) {
    const names: Record<string, string> = {
      '==': 'equal',
      '!=': 'differs',
      '<': 'less',
      '>': 'more',
      '<=': 'most',
      '>=': 'least',
    };
    return lanewise(helpers, `${names[operator]}_${of.name}`, given, BOOL, ([a, b]) => `(${a} ${comparison} ${b})`);
  }
  const names: Record<string, string> = {
    '+': 'add',
    '-': 'subtract',
    '*': 'multiply',
    '/': 'divide',
    '%': 'modulo',
    '&': 'and',
    '|': 'or',
    '^': 'xor',
  };
  const divisor = given[1].value;
  const isSafe = typeof divisor === 'number' && divisor > 0;
  const name = `${names[operator]}_${of.name}`;
  return lanewise(helpers, isSafe && /[/%]/.test(operator) ? `${name}_safe` : name, given, of, ([a, b]) => {
    return arithmetic(operator, of, a, b, isSafe);
  });
}

/** @param isSafe whether the divisor is known to be more than 0 */
function arithmetic(operator: string, of: ScalarType, a: string, b: string, isSafe: boolean): string {
  if (of === BOOL) return operator === '&' ? `(${a} && ${b})` : operator === '|' ? `(${a} || ${b})` : `(${a} !== ${b})`;
  if (of === INT && operator === '/') return `Math.trunc(${a} / ${b})`;
  if (of.name === 'u32' || of.name === 'i32') {
    const whole = of.name === 'u32' ? ' >>> 0' : ' | 0';
    const kind = of.name === 'u32' ? 'U32' : 'I32';
    if (operator === '*') return of.name === 'u32' ? `(Math.imul(${a}, ${b}) >>> 0)` : `Math.imul(${a}, ${b})`;
    if (operator === '/') return isSafe ? `((${a} / ${b})${whole})` : `$n.divide${kind}(${a}, ${b})`;
    if (operator === '%') return isSafe ? `((${a} % ${b})${whole})` : `$n.modulo${kind}(${a}, ${b})`;
    return `((${a} ${operator} ${b})${whole})`;
  }
  return rounded(`(${a} ${operator} ${b})`, of);
}

function matrixOperation(helpers: Helpers, operator: string, left: Operand, right: Operand): Operand {
  const [a, b] = [left.type, right.type];
  const sumOf = (terms: string[], of: Type) => terms.reduce((sum, term) => rounded(`${sum} + ${term}`, of));
  const call = (name: string, type: Type, text: () => string): Operand => ({
    code: `${helpers.declare(name, () => `(a, b) { return ${text()}; }`)}(${left.code}, ${right.code})`,
    type,
  });
  const list = (length: number, item: (index: number) => string) =>
    `[${Array.from({ length }, (_, index) => item(index)).join(', ')}]`;
  if (a.kind === 'vector' && b.kind === 'matrix') {
    const column = (index: number) =>
      sumOf(
        Array.from({ length: b.rows }, (_, row) => rounded(`a[${row}] * b[${index}][${row}]`, b.of)),
        b.of,
      );
    return call(`$vectorMatrix_${b.of.name}_${b.columns}x${b.rows}`, vector(b.columns, b.of), () =>
      list(b.columns, column),
    );
  }
  if (a.kind === 'matrix' && b.kind === 'vector') {
    const row = (index: number) =>
      sumOf(
        Array.from({ length: a.columns }, (_, column) => rounded(`a[${column}][${index}] * b[${column}]`, a.of)),
        a.of,
      );
    return call(`$matrixVector_${a.of.name}_${a.columns}x${a.rows}`, vector(a.rows, a.of), () => list(a.rows, row));
  }
  if (a.kind === 'matrix' && b.kind === 'matrix' && operator === '*') {
    const cell = (column: number, row: number) =>
      sumOf(
        Array.from({ length: a.columns }, (_, k) => rounded(`a[${k}][${row}] * b[${column}][${k}]`, a.of)),
        a.of,
      );
    const type = { ...a, columns: b.columns };
    const column = (index: number) => list(a.rows, (row) => cell(index, row));
    return call(`$matrixMatrix_${a.of.name}_${a.columns}x${a.rows}_${b.columns}`, type, () => list(b.columns, column));
  }
  const matrix = (a.kind === 'matrix' ? a : b) as Extract<Type, { kind: 'matrix' }>;
  const names: Record<string, string> = { '+': 'add', '-': 'subtract', '*': 'scale' };
  const cell = (column: number, row: number) => {
    const [x, y] = [a, b].map((type, index) => 'ab'[index] + (type.kind === 'matrix' ? `[${column}][${row}]` : ''));
    return rounded(`${x} ${operator} ${y}`, matrix.of);
  };
  const name = `$${names[operator]}_${matrix.of.name}_${matrix.columns}x${matrix.rows}_${a.kind[0]}${b.kind[0]}`;
  return call(name, concrete(matrix), () =>
    list(matrix.columns, (column) => list(matrix.rows, (row) => cell(column, row))),
  );
}
