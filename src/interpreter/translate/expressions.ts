import type { Expression } from '../syntax/tree.js';
import { builtinCall } from './builtins.js';
import { construction } from './constructions.js';
import type { Context, Hoist } from './context.js';
import { folded, known, type Operand, rounded } from './operand.js';
import { binaryOperation, converting, lanewise } from './operators.js';
import { componentPlace, elementsOf, memoryPlace, type Place, placed, plus, unitBytesOf, unitsOf } from './place.js';
import { type Scope, safeName } from './scope.js';
import { stoppingCall } from './stoppingCalls.js';
import {
  BOOL,
  BY_LETTER,
  concrete,
  FLOAT,
  INT,
  isChanged,
  nameOf,
  type ScalarType,
  type Type,
  vector,
} from './types.js';

const SIMPLE = /^[\w$.]+$/;

export function translateExpression(context: Context, expression: Expression, scope: Scope): Operand {
  const { module } = context;
  const { helpers } = module;
  const inner = (one: Expression) => translateExpression(context, one, scope);
  switch (expression.kind) {
    case 'literal':
      return literalOf(expression.text);
    case 'unary': {
      const { operator } = expression;
      if (operator === '*') break;
      if (operator === '&') return pointerTo(context, expression.operand, scope);
      const operand = inner(expression.operand);
      const of = (operand.type.kind === 'vector' ? operand.type.of : operand.type) as ScalarType;
      if (operator === '!') return lanewise(helpers, 'not', [operand], BOOL, ([a]) => `(!${a})`);
      const whole = of.name === 'u32' ? ' >>> 0' : of.name === 'i32' ? ' | 0' : '';
      const name = `${operator === '-' ? 'negated' : 'inverted'}_${of.name}`;
      return lanewise(helpers, name, [operand], of, ([a]) =>
        whole ? `((${operator}${a})${whole})` : `(${operator}${a})`,
      );
    }
    case 'binary':
      return binaryOperation(helpers, expression.operator, inner(expression.left), inner(expression.right));
    case 'call': {
      const { name, templates, given, line } = expression;
      const type = module.typeNamed({ name, templates, line });
      const own = module.functions.get(name);
      if (own) return ownCall(context, expression, scope);
      if (type || /^(?:vec[234]|array|mat[234]x[234])$/.test(name)) {
        return construction(helpers, type, name, given.map(inner), (message) => module.fail(line, message));
      }
      return stoppingCall(context, expression, scope) ?? builtinCall(context, expression, scope);
    }
    default:
  }
  const found = placeOf(context, expression, scope);
  const value = expression.kind === 'name' ? scope.find(expression.name)?.value : undefined;
  return value === undefined ? placed(found) : known(value, found.type);
}

function literalOf(text: string): Operand {
  if (text === 'true' || text === 'false') return known(text === 'true', BOOL);
  const isHex = /^0[xX]/.test(text);
  const suffix = /[ui]$/.test(text) || (!isHex && /[fh]$/.test(text)) ? text.slice(-1) : '';
  const digits = suffix ? text.slice(0, -1) : text;
  const type = suffix ? BY_LETTER[suffix] : !isHex && /[.eE]/.test(digits) ? FLOAT : INT;
  return folded(rounded(String(Number(digits)), type), type, []);
}

function ownCall(context: Context, call: Expression & { kind: 'call' }, scope: Scope): Operand {
  const { module, stopping } = context;
  const tree = module.functions.get(call.name)!;
  const given = tree.parameters.map(({ type }, index) => {
    const to = module.type(type);
    return kept(converting(module.helpers, translateExpression(context, call.given[index], scope), to));
  });
  const code = `${safeName(call.name)}(${['$i', ...given].join(', ')})`;
  const type = tree.result ? module.type(tree.result) : ({ kind: 'void' } as const);
  return { code: stopping.has(call.name) ? `(yield* ${code})` : code, type };
}

/** Code for a value that is kept: a copy of an array or struct that lies somewhere. */
export function kept({ code, type, isPlace }: Operand): string {
  return isPlace && isChanged(type) ? `$v.copy(${code})` : code;
}

function pointerTo(context: Context, target: Expression, scope: Scope): Operand {
  const place = placeOf(context, target, scope);
  const to = (space: string): Type => ({ kind: 'pointer', space, to: place.type });
  if (place.memory) {
    if (target.kind !== 'name')
      context.module.fail(target.line, 'the interpreter points to whole variables of memory only');
    return { code: place.memory.name, type: to('memory') };
  }
  const named = target.kind === 'name' ? scope.find(target.name) : undefined;
  if (isChanged(place.type)) return { code: place.read, type: to('function') };
  if (named?.kind === 'boxed') return { code: named.code, type: to('function') };
  return { code: `$v.pointer(() => ${place.read}, ($w) => { ${place.write('$w')}; })`, type: to('function') };
}

/** Where the thing that an expression names lies; what is no place can be read only. */
export function placeOf(context: Context, expression: Expression, scope: Scope, hoist: Hoist = (code) => code): Place {
  const { module } = context;
  const { line } = expression;
  switch (expression.kind) {
    case 'name': {
      const named = scope.find(expression.name) ?? module.fail(line, `${expression.name} is not declared`);
      const { code, type, kind } = named;
      if (kind === 'memory') return memoryPlace(type, { name: code, unit: '0', unitBytes: unitBytesOf(type) }, line);
      return local(kind === 'boxed' ? `${code}.value` : code, type);
    }
    case 'unary':
      if (expression.operator === '*') return pointed(translateExpression(context, expression.operand, scope), line);
      break;
    case 'index': {
      const base = throughPointer(placeOf(context, expression.of, scope, hoist), line);
      return elementPlace(context, base, translateExpression(context, expression.index, scope), line, hoist);
    }
    case 'member':
      return memberPlace(
        context,
        throughPointer(placeOf(context, expression.of, scope, hoist), line),
        expression.name,
        line,
      );
    default:
  }
  const { code, type } = translateExpression(context, expression, scope);
  return { type, read: code, write: () => module.fail(line, 'this cannot be assigned to') };
}

function local(code: string, type: Type): Place {
  return {
    type,
    read: code,
    write: (value) => `${code} = ${value}`,
  };
}

function throughPointer(place: Place, line: number): Place {
  return place.type.kind === 'pointer' ? pointed({ code: place.read, type: place.type }, line) : place;
}

function pointed({ code, type }: Operand, line: number): Place {
  if (type.kind !== 'pointer') throw new Error(`expected a pointer, found ${nameOf(type)}`);
  const { space, to } = type;
  if (space !== 'function' && space !== 'private') {
    return memoryPlace(to, { name: code, unit: '0', unitBytes: unitBytesOf(to) }, line);
  }
  if (isChanged(to)) return { type: to, read: code, write: (value) => `$v.assign(${code}, ${value})` };
  return local(`${code}.value`, to);
}

function elementPlace(context: Context, base: Place, index: Operand, line: number, hoist: Hoist): Place {
  const { type, memory } = base;
  const keep = (code: string) => (SIMPLE.test(code) ? code : hoist(code));
  if (type.kind === 'vector') {
    const at =
      index.value === undefined ? keep(`$c.within(${index.code}, ${type.size}, ${line}, 'a vector')`) : index.code;
    if (memory) return componentPlace(base, at);
    const write = (value: string) => base.write(`$v.withElement(${base.read}, ${at}, ${value})`);
    return { type: type.of, read: `${base.read}[${at}]`, write };
  }
  if (type.kind !== 'array' && type.kind !== 'matrix') context.module.fail(line, `${nameOf(type)} has no elements`);
  const { inner, count, stride } = elementsOf(type);
  if (memory) {
    const checked =
      count === undefined
        ? `${memory.name}.at(${index.code}, ${line})`
        : `${memory.name}.within(${index.code}, ${count}, ${line})`;
    const isInside = typeof index.value === 'number' && count !== undefined && index.value >= 0 && index.value < count;
    const units = unitsOf(stride, memory);
    const at = isInside ? String(Number(index.value) * units) : `${checked}${units === 1 ? '' : ` * ${units}`}`;
    return memoryPlace(inner, { ...memory, unit: keep(plus(memory.unit, at)) }, line);
  }
  const isInside = typeof index.value === 'number' && index.value >= 0 && index.value < (count ?? 0);
  const what = SIMPLE.test(base.read) ? base.read : nameOf(type);
  const at = isInside ? index.code : keep(`$c.within(${index.code}, ${count}, ${line}, '${what}')`);
  if (type.kind === 'array') return local(`${base.read}[${at}]`, inner);
  const write = (value: string) => base.write(`$v.withElement(${base.read}, ${at}, ${value})`);
  return { type: inner, read: `${base.read}[${at}]`, write };
}

function memberPlace(context: Context, base: Place, name: string, line: number): Place {
  const { type, memory } = base;
  if (type.kind === 'struct') {
    const member = type.members.find((one) => one.name === safeName(name));
    if (!member) context.module.fail(line, `${type.name} has no member ${name}`);
    if (!memory) return local(`${base.read}.${member.name}`, member.type);
    const unit = plus(memory.unit, unitsOf(member.offset, memory));
    return memoryPlace(member.type, { ...memory, unit }, line);
  }
  if (type.kind !== 'vector') context.module.fail(line, `${nameOf(type)} has no member ${name}`);
  const places = Array.from(name, (letter) => ('xyzw'.includes(letter) ? 'xyzw' : 'rgba').indexOf(letter));
  if (places.length === 1) {
    return elementPlace(context, base, known(places[0], INT), line, (code) => code);
  }
  const helper = context.module.helpers.declare(`$swizzle_${name}`, () => {
    return `(a) { return [${places.map((place) => `a[${place}]`).join(', ')}]; }`;
  });
  const write = () => context.module.fail(line, 'several components of a vector cannot be assigned at once');
  return { type: vector(places.length, type.of), read: `${helper}(${base.read})`, write };
}

/** A value as a variable without a written type takes it. */
export function untyped(context: Context, operand: Operand): Operand {
  return converting(context.module.helpers, operand, concrete(operand.type));
}
