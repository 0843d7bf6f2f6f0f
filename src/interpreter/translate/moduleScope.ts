import type { Declaration, Expression, FunctionTree, ModuleTree, TypeName } from '../syntax/tree.js';
import { WgslError } from '../wgslError.js';
import { Helpers } from './helpers.js';
import { converted, known, type Operand } from './operand.js';
import { converting } from './operators.js';
import { type Named, safeName } from './scope.js';
import {
  BOOL,
  BY_LETTER,
  concrete,
  F16,
  F32,
  FLOAT,
  I32,
  laidOut,
  type ScalarType,
  type Type,
  U32,
  VOID,
  vector,
} from './types.js';

/** Values for the `override` constants of a kernel, by name. */
export type Overrides = Readonly<Record<string, number>>;

const SCALARS: Readonly<Record<string, ScalarType>> = { f32: F32, f16: F16, u32: U32, i32: I32, bool: BOOL };

/** What the names of a module stand for. Its declarations may stand in any order, so each is worked out when it is met. */
export class ModuleScope {
  readonly helpers = new Helpers();
  readonly functions = new Map<string, FunctionTree>();
  readonly #declarations = new Map<string, Declaration>();
  readonly #structs = new Map<string, Type>();
  readonly #named = new Map<string, Named>();
  /** Set by the translation of expressions, which needs this scope itself. */
  translate: (expression: Expression) => Operand = () => this.fail(1, 'no expressions yet');

  constructor(
    private readonly tree: ModuleTree,
    readonly file: string,
    private readonly overrides: Overrides,
  ) {
    for (const one of tree.functions) this.functions.set(one.name, one);
    for (const one of tree.declarations) this.#declarations.set(one.name, one);
  }

  fail(line: number, message: string): never {
    throw new WgslError(this.file, line, message);
  }

  find(name: string): Named | undefined {
    const known = this.#named.get(name);
    if (known) return known;
    if (this.functions.has(name)) return { code: safeName(name), type: VOID, kind: 'value' };
    const declaration = this.#declarations.get(name);
    if (!declaration) return undefined;
    const found = declaration.keyword === 'var' ? this.#variable(declaration) : this.#constant(declaration);
    this.#named.set(name, found);
    return found;
  }

  /** A type by what is written, or undefined where that is no type: a function's name, say. */
  typeNamed({ name, templates, line }: TypeName): Type | undefined {
    const alias = this.tree.aliases.get(name);
    if (alias) return this.type(alias);
    if (SCALARS[name]) return SCALARS[name];
    const struct = this.#structs.get(name) ?? this.#struct(name);
    if (struct) return struct;
    const inner = (index: number) => this.#typeArgument(templates[index], line);
    const size = (index: number) => this.constant(templates[index]);
    const [, dimension, letter] = /^vec([234])([fuhib]?)$/.exec(name) ?? [];
    if (dimension && letter) return vector(Number(dimension), BY_LETTER[letter]);
    if (dimension && templates.length > 0) return vector(Number(dimension), inner(0) as ScalarType);
    const [, columns, rows, ending] = /^mat([234])x([234])([fh]?)$/.exec(name) ?? [];
    if (columns && (ending || templates.length > 0)) {
      const of = (ending ? BY_LETTER[ending] : inner(0)) as ScalarType;
      return { kind: 'matrix', columns: Number(columns), rows: Number(rows), of };
    }
    if (name === 'array' && templates.length > 0) {
      return { kind: 'array', of: inner(0), count: templates[1] ? size(1) : undefined };
    }
    if (name === 'atomic') return { kind: 'atomic', of: inner(0) as ScalarType };
    if (name === 'ptr') return { kind: 'pointer', space: this.#word(templates[0]), to: inner(1) };
    if (name.startsWith('subgroup_matrix_')) {
      return { kind: 'subgroupMatrix', of: inner(0) as ScalarType, columns: size(1), rows: size(2) };
    }
    return undefined;
  }

  type(written: TypeName): Type {
    return this.typeNamed(written) ?? this.fail(written.line, `the interpreter does not know the type ${written.name}`);
  }

  /** The number that an expression is, which must be known before the kernel runs. */
  constant(expression: Expression): number {
    const { value } = this.translate(expression);
    if (typeof value !== 'number') this.fail(expression.line, 'expected a number that is known before the kernel runs');
    return value;
  }

  #typeArgument(argument: Expression, line: number): Type {
    if (argument?.kind !== 'name') this.fail(line, 'expected a type');
    return this.type(argument);
  }

  #word(argument: Expression): string {
    return argument.kind === 'name' ? argument.name : '';
  }

  #struct(name: string): Type | undefined {
    const struct = this.tree.structs.find((one) => one.name === name);
    if (!struct) return undefined;
    const members = struct.members.map(({ name: member, type }) => ({ name: safeName(member), type: this.type(type) }));
    const made: Type = { kind: 'struct', name, members: laidOut(members) };
    this.#structs.set(name, made);
    return made;
  }

  #variable({ name, space, type, value, line }: Declaration): Named {
    const found = type ? this.type(type) : value && concrete(this.translate(value).type);
    if (!found) return this.fail(line, `${name} has neither type nor value`);
    if (space === 'private') return { code: `$i.own.${name}`, type: found, kind: 'value' };
    return { code: safeName(name), type: found, kind: space === 'uniform' ? 'value' : 'memory' };
  }

  #constant({ keyword, name, type, value, line }: Declaration): Named {
    const given = this.overrides[name];
    const written = type && this.type(type);
    if (keyword === 'override' && given !== undefined) {
      const own = written ?? (value ? this.translate(value).type : FLOAT);
      const found = own.kind === 'scalar' ? own : F32;
      const { value: number } = known(found === BOOL ? given !== 0 : given, found);
      return { code: safeName(name), type: found, kind: 'value', value: number };
    }
    if (!value) this.fail(line, `the override ${name} is given no value`);
    const made = this.translate(value);
    const typed = written ? converting(this.helpers, made, written) : made;
    if (typed.value === undefined) return { code: typed.code, type: typed.type, kind: 'value' };
    const scalar = written?.kind === 'scalar' && typed.type !== written;
    const code = scalar ? converted(typed.code, typed.type, written) : typed.code;
    return { code, type: written ?? typed.type, kind: 'value', value: typed.value };
  }
}
