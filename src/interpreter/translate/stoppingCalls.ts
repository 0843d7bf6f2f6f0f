import type { Expression } from '../syntax/tree.js';
import { atomicLoad, targetOf } from './atomics.js';
import type { Context } from './context.js';
import type { Operand } from './operand.js';
import { binaryOperation, lanewise } from './operators.js';
import type { Scope } from './scope.js';
import { BOOL, concrete, elementOf, F16, type ScalarType, strideOf, type Type, U32, VOID, vector } from './types.js';

type Call = Expression & { readonly kind: 'call' };

/** Whether a function of WGSL's own makes an invocation wait for others. */
export function isStopping(name: string): boolean {
  return /^(?:workgroupBarrier|storageBarrier|workgroupUniformLoad|subgroup[A-Z]\w*)$/.test(name);
}

/** A call at which the invocation stops until others have come to it, or undefined. */
export function stoppingCall(context: Context, call: Call, scope: Scope): Operand | undefined {
  const { name, line } = call;
  if (!isStopping(name)) return undefined;
  if (name.endsWith('Barrier')) return { code: `yield $i.wait('${name}', ${line})`, type: VOID };
  if (name === 'workgroupUniformLoad') {
    const place = targetOf(context, call.given[0], scope);
    const isAtomic = place.type.kind === 'atomic';
    const stop = `yield $i.wait('workgroupUniformLoad', ${line})`;
    const load = isAtomic ? atomicLoad(place, line) : place.read;
    // Between two barriers, of which the second takes the result away.
    return {
      code: `((${stop}), $i.kept = ${load}, (${stop}), $i.kept)`,
      type: place.type.kind === 'atomic' ? place.type.of : place.type,
    };
  }
  if (name.startsWith('subgroupMatrix')) return matrixCall(context, call, scope);
  const given = call.given.map((one) => context.expression(one, scope));
  const stop = (type: Type, ...more: string[]): Operand => {
    const list = [`'${name}'`, line, ...more].join(', ');
    return { code: `(yield $i.wait(${list}), $i.result)`, type };
  };
  if (name === 'subgroupElect') return stop(BOOL);
  const [value, argument] = given;
  if (name === 'subgroupBallot') return stop(vector(4, U32), value.code);
  if (name === 'subgroupAll' || name === 'subgroupAny') return stop(BOOL, value.code);
  if (argument) return stop(value.type, value.code, argument.code);
  if (name === 'subgroupBroadcastFirst') return stop(value.type, value.code);
  return stop(
    value.type,
    value.code,
    combineOf(context, name.replace(/^subgroup(?:Inclusive)?/, ''), value.type, line),
  );
}

/** The code of a function that combines what two lanes bring. */
function combineOf(context: Context, what: string, type: Type, line: number): string {
  const operators: Readonly<Record<string, string>> = { Add: '+', Mul: '*', And: '&', Or: '|', Xor: '^' };
  const operator = operators[what];
  const operand = (code: string): Operand => ({ code, type: concrete(type) });
  const { helpers } = context.module;
  const of = elementOf(concrete(type)) as ScalarType;
  const combined = operator
    ? binaryOperation(helpers, operator, operand('$a'), operand('$b'))
    : what === 'Max' || what === 'Min'
      ? lanewise(helpers, `${what}_${of.name}`, [operand('$a'), operand('$b')], of, ([a, b]) => {
          return `Math.${what.toLowerCase()}(${a}, ${b})`;
        })
      : context.module.fail(line, `the interpreter does not know how a subgroup combines by ${what}`);
  return `($a, $b) => ${combined.code}`;
}

function matrixCall(context: Context, call: Call, scope: Scope): Operand {
  const { name, line, templates } = call;
  const { module } = context;
  if (name === 'subgroupMatrixMultiplyAccumulate') {
    const given = call.given.map((one) => context.expression(one, scope));
    const list = given.map(({ code }) => code).join(', ');
    return { code: `(yield $i.wait('${name}', ${line}, [${list}]), $i.result)`, type: given[2].type };
  }
  const isLoad = name === 'subgroupMatrixLoad';
  const major = templates[isLoad ? 1 : 0];
  const [pointer, offset, ...rest] = call.given;
  const { type, memory } = targetOf(context, pointer, scope);
  if (type.kind !== 'array' || !memory)
    return module.fail(line, 'a matrix lies in an array of storage or workgroup memory');
  const bytes = strideOf(type.of);
  const of = (expression: Expression) => context.expression(expression, scope).code;
  const [value, stride] = isLoad ? [undefined, rest[0]] : rest;
  const isColumnMajor = major?.kind === 'name' && major.name === 'col_major';
  const place = `{ memory: ${memory.name}, offset: ${of(offset)} * ${bytes}, stride: ${of(stride)} * ${bytes}, isColumnMajor: ${isColumnMajor} }`;
  if (value) {
    return { code: `yield $i.wait('${name}', ${line}, { place: ${place}, matrix: ${of(value)} })`, type: VOID };
  }
  const made = module.type(templates[0] as Expression & { kind: 'name' });
  if (made.kind !== 'subgroupMatrix') return module.fail(line, 'expected the type of a matrix');
  const size = `{ rows: ${made.rows}, columns: ${made.columns}, isHalf: ${made.of === F16} }`;
  return { code: `(yield $i.wait('${name}', ${line}, { place: ${place}, matrix: ${size} }), $i.result)`, type: made };
}
