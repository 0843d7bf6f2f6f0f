import type { Expression } from '../syntax/tree.js';
import type { Context } from './context.js';
import type { Operand } from './operand.js';
import { converting } from './operators.js';
import type { Place } from './place.js';
import type { Scope } from './scope.js';
import { U32, VOID } from './types.js';

/** What an atomic function puts in the place of the old value. */
const CHANGES: Readonly<Record<string, string>> = {
  atomicLoad: '$old',
  atomicStore: '$new',
  atomicExchange: '$new',
  atomicAdd: '$old + $new',
  atomicSub: '$old - $new',
  atomicMax: 'Math.max($old, $new)',
  atomicMin: 'Math.min($old, $new)',
  atomicAnd: '$old & $new',
  atomicOr: '$old | $new',
  atomicXor: '$old ^ $new',
};

/** A call of an atomic function, or undefined. */
export function atomicCall(context: Context, call: Expression & { kind: 'call' }, scope: Scope): Operand | undefined {
  const change = CHANGES[call.name];
  if (!change) return undefined;
  const place = targetOf(context, call.given[0], scope);
  const { type } = place;
  if (type.kind !== 'atomic') return context.module.fail(call.line, `${call.name} changes what is no atomic`);
  const value = call.given[1] && converting(context.module.helpers, context.expression(call.given[1], scope), type.of);
  const code = atomicCode(place, call.line, change.replaceAll('$new', value ? `(${value.code})` : ''));
  return { code, type: call.name === 'atomicStore' ? VOID : type.of };
}

export function atomicLoad(place: Place, line: number): string {
  return atomicCode(place, line, '$old');
}

function atomicCode({ type, memory }: Place, line: number, change: string): string {
  const isSigned = type.kind === 'atomic' && type.of !== U32;
  return `${memory?.name}.atomic($i, ${memory?.unit}, ${line}, ($old) => ${change}, ${isSigned})`;
}

/** What a pointer that is written out points to. */
export function targetOf(context: Context, pointer: Expression, scope: Scope): Place {
  if (pointer.kind === 'unary' && pointer.operator === '&') return context.place(pointer.operand, scope);
  return context.place({ kind: 'unary', operator: '*', operand: pointer, line: pointer.line }, scope);
}
