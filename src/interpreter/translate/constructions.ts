import type { Helpers } from './helpers.js';
import { converted, folded, type Operand, zero } from './operand.js';
import { commonElement, converting } from './operators.js';
import { concrete, isChanged, type ScalarType, type Type, vector } from './types.js';

/**
 * A value of a type made of what is given: `vec4f(a, b)`, `array<f32, 2>(a, b)`, `Cell(a, b)`, `u32(a)`.
 * @param type undefined where it follows from what is given, as in `vec2(a, b)`
 */
export function construction(
  helpers: Helpers,
  type: Type | undefined,
  name: string,
  given: readonly Operand[],
  fail: (message: string) => never,
): Operand {
  if (!type) return inferred(helpers, name, given, fail);
  if (given.length === 0) return { code: type.kind === 'struct' ? `(${zero(type)})` : zero(type), type };
  switch (type.kind) {
    case 'scalar':
      return folded(converted(given[0].code, given[0].type, type), type, [given[0]]);
    case 'vector':
      return vectorOf(helpers, type.size, type.of, given);
    case 'matrix': {
      if (given.length === type.columns) return { code: `[${given.map(({ code }) => code).join(', ')}]`, type };
      const cells = given.map(({ code, type: from }) => converted(code, from, type.of));
      const columns = Array.from({ length: type.columns }, (_, column) => {
        return `[${cells.slice(column * type.rows, (column + 1) * type.rows).join(', ')}]`;
      });
      return { code: `[${columns.join(', ')}]`, type };
    }
    case 'array':
      return { code: `[${given.map((one) => keptAs(helpers, one, type.of)).join(', ')}]`, type };
    case 'struct': {
      const members = type.members.map(
        (member, index) => `${member.name}: ${keptAs(helpers, given[index], member.type)}`,
      );
      return { code: `({ ${members.join(', ')} })`, type };
    }
    default:
      return fail(`nothing makes a ${name} of values`);
  }
}

function keptAs(helpers: Helpers, operand: Operand, type: Type): string {
  const { code, isPlace } = converting(helpers, operand, type);
  return isPlace && isChanged(type) ? `$v.copy(${code})` : code;
}

function inferred(
  helpers: Helpers,
  name: string,
  given: readonly Operand[],
  fail: (message: string) => never,
): Operand {
  if (name.startsWith('vec')) return vectorOf(helpers, Number(name[3]), commonElement(given), given);
  if (name.startsWith('mat')) {
    const of = concrete(commonElement(given)) as ScalarType;
    const type: Type = { kind: 'matrix', columns: Number(name[3]), rows: Number(name[5]), of };
    return construction(helpers, type, name, given, fail);
  }
  const of = concrete(given[0].type.kind === 'scalar' ? commonElement(given) : given[0].type);
  return construction(helpers, { kind: 'array', of, count: given.length }, name, given, fail);
}

function vectorOf(helpers: Helpers, size: number, of: ScalarType, given: readonly Operand[]): Operand {
  const type = vector(size, of);
  const parts = given.map((operand) => {
    const from = operand.type;
    if (from.kind !== 'vector') return converted(operand.code, from, of);
    if (from.of === of) return operand.code;
    const name = helpers.lanes(`${from.of.name}To_${of.name}`, from.size, [true], ([x]) => converted(x, from.of, of));
    return `${name}(${operand.code})`;
  });
  const sizes = given.map((operand) => (operand.type.kind === 'vector' ? operand.type.size : 1));
  if (given.length === 1) return { code: sizes[0] === 1 ? `$v.splat(${size}, ${parts[0]})` : parts[0], type };
  if (sizes.every((one) => one === 1)) return { code: `[${parts.join(', ')}]`, type };
  const name = helpers.declare(`$joined_${sizes.join('')}`, () => {
    const names = sizes.map((_, index) => 'abcd'[index]);
    const lanes = sizes.flatMap((one, index) => {
      return one === 1 ? [names[index]] : Array.from({ length: one }, (_, lane) => `${names[index]}[${lane}]`);
    });
    return `(${names.join(', ')}) { return [${lanes.join(', ')}]; }`;
  });
  return { code: `${name}(${parts.join(', ')})`, type };
}
