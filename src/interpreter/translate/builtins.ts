import type { Expression } from '../syntax/tree.js';
import { atomicCall } from './atomics.js';
import type { Context } from './context.js';
import type { Helpers } from './helpers.js';
import { type Operand, rounded } from './operand.js';
import { lanewise, unified } from './operators.js';
import type { Scope } from './scope.js';
import { BOOL, concrete, elementOf, F16, F32, I32, type ScalarType, sizeOf, type Type, U32, vector } from './types.js';

type Call = Expression & { readonly kind: 'call' };

/** Functions that round what JavaScript's own gives, by their code for one lane. */
const ROUNDED: Readonly<Record<string, (given: readonly string[]) => string>> = {
  ...Object.fromEntries(
    ['exp', 'log', 'log2', 'sqrt', 'sin', 'cos', 'tan', 'tanh', 'sinh', 'cosh', 'asin', 'acos', 'atan', 'atan2'].map(
      (name) => [name, (given: readonly string[]) => `Math.${name}(${given.join(', ')})`],
    ),
  ),
  exp2: ([a]) => `2 ** ${a}`,
  inverseSqrt: ([a]) => `1 / Math.sqrt(${a})`,
  pow: ([a, b]) => `${a} ** ${b}`,
  fma: ([a, b, c]) => `${a} * ${b} + ${c}`,
  mix: ([a, b, c]) => `Math.fround(${a} * Math.fround(1 - ${c})) + Math.fround(${b} * ${c})`,
  fract: ([a]) => `${a} - Math.floor(${a})`,
  ldexp: ([a, b]) => `${a} * 2 ** ${b}`,
};

/** Functions that give one of their arguments, or a whole number. */
const EXACT: Readonly<Record<string, (given: readonly string[]) => string>> = {
  min: ([a, b]) => `Math.min(${a}, ${b})`,
  max: ([a, b]) => `Math.max(${a}, ${b})`,
  clamp: ([a, b, c]) => `Math.min(Math.max(${a}, ${b}), ${c})`,
  saturate: ([a]) => `Math.min(Math.max(${a}, 0), 1)`,
  abs: ([a]) => `Math.abs(${a})`,
  sign: ([a]) => `(Math.sign(${a}) + 0)`,
  floor: ([a]) => `Math.floor(${a})`,
  ceil: ([a]) => `Math.ceil(${a})`,
  trunc: ([a]) => `Math.trunc(${a})`,
  round: ([a]) => `$n.round(${a})`,
  step: ([a, b]) => `(${a} <= ${b} ? 1 : 0)`,
  quantizeToF16: ([a]) => `$n.half(${a})`,
};

/** Functions on bits; they give a u32 where they are given one. */
const BITS: Readonly<Record<string, (given: readonly string[], of: ScalarType) => string>> = {
  countOneBits: ([a]) => `$n.countOneBits(${a})`,
  countLeadingZeros: ([a]) => `Math.clz32(${a})`,
  extractBits: (given, of) => `$n.extract${of === U32 ? 'Unsigned' : 'Signed'}(${given.join(', ')})`,
  insertBits: (given, of) => `($n.insertBits(${given.join(', ')}) ${of === U32 ? '>>> 0' : '| 0'})`,
};

const F2 = vector(2, F32);
const F4 = vector(4, F32);
/** Functions between words and what is packed in them, by what they give. */
const PACKING: Readonly<Record<string, Type>> = {
  ...{ unpack2x16float: F2, unpack2x16snorm: F2, unpack2x16unorm: F2, unpack4x8snorm: F4, unpack4x8unorm: F4 },
  ...{ unpack4xU8: vector(4, U32), unpack4xI8: vector(4, I32), pack2x16float: U32, pack2x16snorm: U32 },
  ...{ pack2x16unorm: U32, pack4x8snorm: U32, pack4x8unorm: U32, pack4xU8: U32, pack4xI8: U32 },
  ...{ pack4xU8Clamp: U32, pack4xI8Clamp: U32, dot4U8Packed: U32, dot4I8Packed: I32 },
};

/** A call of a function of WGSL's own that waits for nobody. */
export function builtinCall(context: Context, call: Call, scope: Scope): Operand {
  const { name, line } = call;
  const { module } = context;
  const { helpers } = module;
  const atomic = atomicCall(context, call, scope);
  if (atomic) return atomic;
  if (name === 'arrayLength') return { code: `${context.expression(call.given[0], scope).code}.count`, type: U32 };
  const operands = call.given.map((one) => context.expression(one, scope));
  if (name === 'bitcast') {
    return bitcast(
      helpers,
      operands[0],
      module.type({ ...(call.templates[0] as Expression & { kind: 'name' }), line }),
    );
  }
  if (PACKING[name]) return { code: `$v.${name}(${operands.map(({ code }) => code).join(', ')})`, type: PACKING[name] };
  if (name === 'select') return selection(helpers, operands);
  if (name === 'all' || name === 'any') {
    const [{ code, type }] = operands;
    return {
      code: type.kind === 'vector' ? `${code}.${name === 'all' ? 'every' : 'some'}(Boolean)` : code,
      type: BOOL,
    };
  }
  const { given, of } = unified(helpers, BITS[name] ? operands.slice(0, 1) : operands);
  if (ROUNDED[name]) {
    const type = concrete(of) as ScalarType;
    return lanewise(helpers, `${name}_${of.name}`, given, type, (lanes) => rounded(`(${ROUNDED[name](lanes)})`, type));
  }
  if (EXACT[name]) return lanewise(helpers, `${name}_${of.name}`, given, of, EXACT[name]);
  if (BITS[name]) {
    const all = [...given, ...operands.slice(1)];
    return lanewise(helpers, `${name}_${of.name}`, all, of, (lanes) => BITS[name](lanes, of));
  }
  return geometric(helpers, name, given, of) ?? module.fail(line, `the interpreter does not know the function ${name}`);
}

/** Both values are worked out, as WGSL does, which makes an index past an end one that is seen. */
function selection(helpers: Helpers, [otherwise, then, condition]: readonly Operand[]): Operand {
  const { given, of, size } = unified(helpers, [otherwise, then]);
  const all = [...given, condition];
  const choose = ([a, b, c]: readonly string[]) => `(${c} ? ${b} : ${a})`;
  if (size > 0 && condition.type.kind !== 'vector') {
    const name = helpers.declare(`$select_${of.name}_${size}`, () => '(a, b, c) { return c ? b : a; }');
    return { code: `${name}(${all.map(({ code }) => code).join(', ')})`, type: vector(size, of) };
  }
  if (size > 0) return lanewise(helpers, `select_${of.name}`, all, of, choose);
  const name = helpers.lanes(`select_${of.name}`, 0, [false, false, false], choose);
  return { code: `${name}(${all.map(({ code }) => code).join(', ')})`, type: of };
}

function bitcast(helpers: Helpers, operand: Operand, to: Type): Operand {
  const given = unified(helpers, [operand]).given[0];
  const from = elementOf(concrete(given.type)) as ScalarType;
  const of = elementOf(to) as ScalarType;
  if (from === F16 || of === F16 || sizeOf(from) !== sizeOf(of)) {
    return { code: `$v.bitcast('${from.name}', '${of.name}', ${given.code})`, type: to };
  }
  return lanewise(helpers, `bits_${from.name}_${of.name}`, [given], of, ([a]) => {
    if (from === of) return a;
    if (from === F32) return of === U32 ? `$n.f32Bits(${a})` : `($n.f32Bits(${a}) | 0)`;
    return of === F32 ? `$n.f32OfBits(${a})` : of === U32 ? `(${a} >>> 0)` : `(${a} | 0)`;
  });
}

function geometric(helpers: Helpers, name: string, given: readonly Operand[], of: ScalarType): Operand | undefined {
  const [first] = given;
  const size = first?.type.kind === 'vector' ? first.type.size : 0;
  const lanes = Array.from({ length: size }, (_, lane) => lane);
  const wrap = of.name === 'u32' ? ' >>> 0' : ' | 0';
  const times = (a: string, b: string) => {
    return of === F32 || of === F16 ? rounded(`${a} * ${b}`, of) : `(Math.imul(${a}, ${b})${wrap})`;
  };
  const sum = (terms: string[]) =>
    terms.reduce((all, term) =>
      of === F32 || of === F16 ? rounded(`${all} + ${term}`, of) : `((${all} + ${term})${wrap})`,
    );
  const dot = (a: string, b: string) => sum(lanes.map((lane) => times(`${a}[${lane}]`, `${b}[${lane}]`)));
  const call = (type: Type, text: string): Operand => {
    const helper = helpers.declare(`$${name}_${of.name}_${size}`, () => text);
    return { code: `${helper}(${given.map(({ code }) => code).join(', ')})`, type };
  };
  switch (name) {
    case 'dot':
      return call(of, `(a, b) { return ${dot('a', 'b')}; }`);
    case 'length':
      return call(of, `(a) { return ${rounded(`Math.sqrt(${dot('a', 'a')})`, of)}; }`);
    case 'distance': {
      const difference = lanes.map((lane) => rounded(`a[${lane}] - b[${lane}]`, of));
      return call(
        of,
        `(a, b) { const d = [${difference.join(', ')}]; return ${rounded(`Math.sqrt(${dot('d', 'd')})`, of)}; }`,
      );
    }
    case 'normalize': {
      const scaled = lanes.map((lane) => rounded(`a[${lane}] / l`, of));
      return call(
        first.type,
        `(a) { const l = ${rounded(`Math.sqrt(${dot('a', 'a')})`, of)}; return [${scaled.join(', ')}]; }`,
      );
    }
    default:
      return undefined;
  }
}
