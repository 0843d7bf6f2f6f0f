import { parseModule } from '../syntax/parseModule.js';
import type { FunctionTree, ModuleTree } from '../syntax/tree.js';
import type { Context } from './context.js';
import { placeOf, translateExpression } from './expressions.js';
import { Lines } from './lines.js';
import { ModuleScope, type Overrides } from './moduleScope.js';
import { zero } from './operand.js';
import { converting } from './operators.js';
import { unitBytesOf } from './place.js';
import { Scope, safeName } from './scope.js';
import { putStatements } from './statements.js';
import { isStopping } from './stoppingCalls.js';
import { sizeOf, strideOf, type Type, VOID } from './types.js';

/** A variable of the module that lies in memory. */
export interface Variable {
  readonly name: string;
  readonly code: string;
  readonly type: Type;
  readonly space: 'uniform' | 'storage' | 'workgroup';
  /** Whether it may be written. */
  readonly isWritten: boolean;
  /** Of what is bound, for `uniform` and `storage`. */
  readonly binding: number;
}

/** A kernel as JavaScript. */
export interface TranslatedKernel {
  /**
   * An expression: a function of `$n`, `$v`, `$s`, `$m`, `$c` (what the code calls) and of the variables, which returns the
   * entry point. Line n of it is line n of the WGSL.
   */
  readonly code: string;
  readonly variables: readonly Variable[];
  /** Whether the entry point is a generator, as it is where invocations wait for each other. */
  readonly isStopping: boolean;
  /** The entry point's parameters, by what they are given. */
  readonly builtins: readonly string[];
  readonly workgroupSize: number;
}

/**
 * Translates the WGSL of a kernel, whose entry point is `main`.
 * @param overrides values for its `override` constants
 * @param file what errors call it
 * @throws WgslError for what it does not know
 */
export function translate(text: string, overrides: Overrides, file: string): TranslatedKernel {
  const tree = parseModule(text, file);
  const module = new ModuleScope(tree, file, overrides);
  const stopping = stoppingFunctions(tree);
  const context: Context = {
    module,
    stopping,
    expression: (expression, scope) => translateExpression(context, expression, scope),
    place: (expression, scope, hoist) => placeOf(context, expression, scope, hoist),
  };
  const outside = new Scope(module);
  module.translate = (expression) => context.expression(expression, outside);
  const main = module.functions.get('main') ?? module.fail(1, 'there is no entry point main');
  const variables = variablesOf(tree, module);
  const lines = new Lines();
  const given = ['$n', '$v', '$s', '$m', '$c', ...variables.map(({ code }) => code)];
  lines.put(1, `(function (${given.join(', ')}) { 'use strict';`);
  const entries = [...tree.functions, ...tree.declarations].sort((left, right) => left.line - right.line);
  for (const entry of entries) {
    if ('body' in entry) putFunction(context, lines, entry, entry === main ? privatesOf(context, tree, outside) : '');
    else if (entry.keyword !== 'var') putConstant(module, lines, entry.name, entry.line);
  }
  const size = main.attributes.get('workgroup_size') ?? [];
  return {
    code: `${lines.text}return main;\n${module.helpers.text}\n})`,
    variables,
    isStopping: stopping.has('main'),
    builtins: main.parameters.map(({ name, attributes }) => {
      const [builtin] = attributes.get('builtin') ?? [];
      return builtin?.kind === 'name' ? builtin.name : module.fail(main.line, `${name} is given nothing`);
    }),
    workgroupSize: size.reduce((product, one) => product * module.constant(one), 1),
  };
}

function variablesOf(tree: ModuleTree, module: ModuleScope): Variable[] {
  return tree.declarations.flatMap(({ keyword, name, space, access, attributes }) => {
    if (keyword !== 'var' || (space !== 'uniform' && space !== 'storage' && space !== 'workgroup')) return [];
    const { code, type } = module.find(name)!;
    const [binding] = attributes.get('binding') ?? [];
    const isWritten = space === 'workgroup' || access === 'read_write';
    return [{ name, code, type, space, isWritten, binding: binding ? module.constant(binding) : -1 }];
  });
}

/** How a variable lies in memory. */
export function layoutOf({ name, type }: Variable) {
  const unitBytes = unitBytesOf(type);
  let leaf = type;
  while (leaf.kind === 'array') leaf = leaf.of;
  const isWhole = leaf.kind === 'scalar' || leaf.kind === 'vector' || leaf.kind === 'atomic';
  return {
    name,
    unitBytes,
    strideBytes: type.kind === 'array' && type.count === undefined ? strideOf(type.of) : 0,
    leafUnits: isWhole ? strideOf(leaf) / unitBytes : 1,
    bytes: sizeOf(type),
  };
}

/** Only for a debugger to show: where it is used, a constant's value is written out. */
function putConstant(module: ModuleScope, lines: Lines, name: string, line: number): void {
  const { code, value } = module.find(name)!;
  const shown = value === undefined ? code : String(value);
  lines.put(line, `const ${safeName(name)} = ${shown};`);
}

/** Gives each invocation its own variables of the module. */
function privatesOf({ module, expression }: Context, { declarations }: ModuleTree, scope: Scope): string {
  const own = declarations.filter(({ space }) => space === 'private');
  return own
    .map(({ name, value }) => {
      const { code, type } = module.find(name)!;
      return `${code} = ${value ? converting(module.helpers, expression(value, scope), type).code : zero(type)};`;
    })
    .join(' ');
}

/** @param before what is done before its first statement */
function putFunction(context: Context, lines: Lines, tree: FunctionTree, before: string): void {
  const { module, stopping } = context;
  const scope = new Scope(module);
  const names = tree.parameters.map(({ name, type }) => scope.declare(name, module.type(type)).code);
  lines.put(
    tree.line,
    `function${stopping.has(tree.name) ? '*' : ''} ${safeName(tree.name)}(${['$i', ...names].join(', ')}) { ${before}`,
  );
  const result = tree.result ? module.type(tree.result) : VOID;
  const body = { context, lines, result, pointedAt: pointedAt(tree), next: 'continue' };
  putStatements(body, tree.body, scope);
  lines.put(undefined, '}');
}

/** Names that stand behind `&`. */
function pointedAt(tree: FunctionTree): Set<string> {
  const names = new Set<string>();
  visit(tree.body, (node) => {
    if (node.kind !== 'unary' || node.operator !== '&') return;
    const { name } = node.operand as { name?: string };
    if (name !== undefined) names.add(name);
  });
  return names;
}

/** Functions that wait for other invocations, by themselves or through those that they call. */
function stoppingFunctions({ functions }: ModuleTree): Set<string> {
  const found = new Set<string>();
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { name, body } of functions) {
      visit(body, (node) => {
        if (node.kind === 'call' && (isStopping(String(node.name)) || found.has(String(node.name)))) found.add(name);
      });
    }
  }
  return found;
}

type Node = { readonly kind?: string; readonly [field: string]: unknown };

function visit(node: unknown, see: (node: Node) => void): void {
  if (Array.isArray(node)) for (const one of node) visit(one, see);
  else if (node !== null && typeof node === 'object') {
    if ('kind' in node) see(node as Node);
    if (!(node instanceof Map)) for (const one of Object.values(node)) visit(one, see);
  }
}
