import { numbers } from '../run/numbers.js';
import { values } from '../run/values.js';
import { BOOL, elementOf, F16, F32, type ScalarType, type Type } from './types.js';

/** JavaScript that gives a value of WGSL, and its type. */
export interface Operand {
  readonly code: string;
  readonly type: Type;
  /** What it gives, where that is known before it runs. */
  readonly value?: number | boolean;
  /** Whether it is what lies somewhere, so that arrays and structs are copied where they are kept. */
  readonly isPlace?: boolean;
}

export function known(value: number | boolean, type: Type): Operand {
  return { code: literal(value), type, value };
}

/** What an expression of known numbers gives; `$n` and `$v` are what kernels call them. */
export function evaluate(code: string): number | boolean {
  return new Function('$n', '$v', `"use strict"; return (${code});`)(numbers, values);
}

/** An operand whose code is worked out at once where all that it is made of is known. */
export function folded(code: string, type: Type, from: readonly Operand[]): Operand {
  const isKnown = type.kind === 'scalar' && from.every(({ value }) => value !== undefined);
  return isKnown ? known(evaluate(code), type) : { code, type };
}

function literal(value: number | boolean): string {
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'number' && value < 0 ? `(${value})` : String(value);
}

/** Code that rounds a number to a type of floats; others stay as they are. */
export function rounded(code: string, type: Type): string {
  if (type === F32) return `Math.fround(${code})`;
  return type === F16 ? `$n.half(${code})` : code;
}

/** Code that makes a scalar of one type another's, as `f32(…)` does. */
export function converted(code: string, from: Type, to: ScalarType): string {
  if (from === to) return code;
  if (to === BOOL) return `(${code} !== 0)`;
  if (from === BOOL) return `(${code} ? 1 : 0)`;
  const isFloat = from === F32 || from === F16 || (from.kind === 'scalar' && from.name === 'float');
  if (to.name === 'u32') return isFloat ? `$n.toU32(${code})` : `(${code} >>> 0)`;
  if (to.name === 'i32') return isFloat ? `$n.toI32(${code})` : `(${code} | 0)`;
  if (to === F32 && from === F16) return code;
  return rounded(code, to);
}

/** The zero value of a type. */
export function zero(type: Type): string {
  switch (type.kind) {
    case 'scalar':
      return type === BOOL ? 'false' : '0';
    case 'vector':
      return `[${Array(type.size).fill(zero(type.of)).join(', ')}]`;
    case 'matrix':
      return `[${Array(type.columns)
        .fill(`[${Array(type.rows).fill('0').join(', ')}]`)
        .join(', ')}]`;
    case 'array':
      if ((type.count ?? 0) <= 16 && elementOf(type.of).kind === 'scalar') {
        return `[${Array(type.count ?? 0)
          .fill(zero(type.of))
          .join(', ')}]`;
      }
      return `$v.filled(${type.count}, () => ${type.of.kind === 'struct' ? `(${zero(type.of)})` : zero(type.of)})`;
    case 'struct':
      return `{ ${type.members.map(({ name, type: member }) => `${name}: ${zero(member)}`).join(', ')} }`;
    case 'subgroupMatrix':
      return `$s.filledMatrix(${type.rows}, ${type.columns}, ${type.of === F16})`;
    default:
      return 'undefined';
  }
}
