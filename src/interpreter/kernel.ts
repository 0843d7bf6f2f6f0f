import { ensure } from '../errors.js';
import { type Finding, Findings } from './run/findings.js';
import { type Builtins, Invocation } from './run/invocation.js';
import { Memory } from './run/memory.js';
import { memoryLanes } from './run/memoryLanes.js';
import { numbers } from './run/numbers.js';
import type { Order } from './run/order.js';
import { runWorkgroup } from './run/runWorkgroup.js';
import { filledMatrix } from './run/subgroupMatrix.js';
import { uniformValue } from './run/uniformValue.js';
import { values } from './run/values.js';
import type { Overrides } from './translate/moduleScope.js';
import { layoutOf, type TranslatedKernel, translate, type Variable } from './translate/translate.js';

/**
 * Makes a function of JavaScript's text, an expression that gives one. In Node this is done such that debuggers take it for
 * the file of WGSL.
 */
export type Compile = (code: string, file: string) => (...given: unknown[]) => EntryPoint;

type EntryPoint = (invocation: Invocation, ...builtins: unknown[]) => Generator<void, void, unknown> | undefined;

/** The way that works everywhere. */
export const compileAnywhere: Compile = (code) => new Function(`return ${code}`)();

/** What one dispatch runs on. */
export interface Dispatch {
  /** Words of what is bound, by binding; a uniform's among them. */
  readonly bindings: readonly Uint32Array[];
  /** Workgroups in two dimensions. */
  readonly grid: readonly [number, number];
  readonly subgroupSize: number;
  readonly order: Order;
}

/** A kernel that is run in JavaScript, line by line as it stands. */
export class InterpretedKernel {
  readonly #kernel: TranslatedKernel;
  readonly #make: (...given: unknown[]) => EntryPoint;
  readonly #file: string;

  /**
   * @param text its WGSL
   * @param file what findings and debuggers call it
   * @throws WgslError for what the interpreter does not know
   */
  constructor(text: string, overrides: Overrides, file: string, compile: Compile = compileAnywhere) {
    this.#kernel = translate(text, overrides, file);
    this.#make = compile(this.#kernel.code, file);
    this.#file = file;
  }

  /** Runs it on what is bound, and says what was seen. */
  run({ bindings, grid, subgroupSize, order }: Dispatch): readonly Finding[] {
    const { variables, isStopping, builtins, workgroupSize } = this.#kernel;
    const findings = new Findings(this.#file);
    const memories = new Map<Variable, Memory>();
    const given = variables.map((variable) => {
      const words = this.#wordsOf(variable, bindings);
      if (variable.space === 'uniform') return uniformValue(variable.type, words);
      const use = variable.space === 'workgroup' ? 'workgroup' : variable.isWritten ? 'written' : 'read';
      const memory = new Memory(layoutOf(variable), words, findings, use);
      memories.set(variable, memory);
      return memory;
    });
    const of = (space: Variable['space']) =>
      [...memories].filter(([variable]) => variable.space === space).map(([, memory]) => memory);
    const [workgroupMemory, storageMemory] = [of('workgroup'), of('storage')];
    const main = this.#make(numbers, values, { filledMatrix }, memoryLanes, new Checks(findings), ...given);
    const lanes = subgroupSize || workgroupSize;
    const operations = { next: -2 };
    for (let group = 0; group < grid[0] * grid[1]; group++) {
      for (const memory of workgroupMemory) memory.clear();
      const invocations = Array.from({ length: workgroupSize }, (_, index) => {
        const own = builtinsOf(group, grid, index, workgroupSize, lanes);
        return new Invocation(group * workgroupSize + index + 1, group, index, index % lanes, own);
      });
      const start = (invocation: Invocation) => main(invocation, ...builtins.map((name) => invocation.builtins[name]));
      if (!isStopping) {
        for (const index of order.next(workgroupSize)) start(invocations[index]);
        continue;
      }
      const bodies = invocations.map((invocation) => start(invocation)!);
      const workgroup = { group, subgroupSize: lanes, workgroupMemory, storageMemory, order, findings, operations };
      runWorkgroup(workgroup, invocations, bodies);
    }
    return findings.all;
  }

  #wordsOf(variable: Variable, bindings: readonly Uint32Array[]): Uint32Array {
    const { strideBytes, bytes } = layoutOf(variable);
    if (variable.space === 'workgroup') return new Uint32Array(Math.ceil(bytes / 4));
    const { name, binding } = variable;
    const words = bindings[binding];
    ensure(words, `${this.#file}: nothing is bound to ${name}, binding ${binding}`);
    ensure(4 * words.length >= Math.max(bytes, strideBytes), () => {
      const least = Math.max(bytes, strideBytes);
      return `${this.#file}: ${name}, binding ${binding}, needs at least ${least} bytes, found ${4 * words.length}`;
    });
    return words;
  }
}

/** What the code asks about arrays of functions, which lie in no memory. */
class Checks {
  constructor(private readonly findings: Findings) {}

  within(index: number, count: number, line: number, name: string): number {
    if (index >>> 0 < count) return index;
    this.findings.note('outside', line, `index ${index} is past the end of ${name}, of ${count} elements`);
    return count - 1;
  }
}

function builtinsOf(
  group: number,
  [width, height]: Dispatch['grid'],
  index: number,
  size: number,
  lanes: number,
): Builtins {
  const place = [group % width, Math.floor(group / width), 0];
  return {
    workgroup_id: place,
    num_workgroups: [width, height, 1],
    local_invocation_index: index,
    local_invocation_id: [index, 0, 0],
    global_invocation_id: [place[0] * size + index, place[1], 0],
    subgroup_invocation_id: index % lanes,
    subgroup_id: Math.floor(index / lanes),
    subgroup_size: lanes,
    num_subgroups: Math.ceil(size / lanes),
  };
}
