import type { Type } from './types.js';

/** What a name stands for. */
export interface Named {
  readonly code: string;
  readonly type: Type;
  /** Of a constant that is known. */
  readonly value?: number | boolean;
  /** `memory`: a variable in storage or workgroup memory. `boxed`: one that pointers point to, kept in an object. */
  readonly kind: 'value' | 'boxed' | 'memory';
}

/** Words that JavaScript keeps for itself, or that the code of a kernel needs. */
const TAKEN = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends ' +
    'false finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield undefined NaN Infinity ' +
    'Math Array Object'
  ).split(' '),
);

/** A name of WGSL as JavaScript takes it; `$` is in no name of WGSL. */
export function safeName(name: string): string {
  return TAKEN.has(name) ? `${name}$` : name;
}

/** The names that a block sees, its own first. */
export class Scope {
  readonly #names = new Map<string, Named>();

  constructor(
    private readonly outer: { find(name: string): Named | undefined },
    private readonly counter = { next: 1 },
  ) {}

  find(name: string): Named | undefined {
    return this.#names.get(name) ?? this.outer.find(name);
  }

  /** A name for JavaScript: another where the name is seen already, so that `let x = x + 1` means what it does in WGSL. */
  declare(name: string, type: Type, kind: Named['kind'] = 'value', value?: number | boolean): Named {
    const code = this.find(name) ? `${safeName(name)}$${this.counter.next++}` : safeName(name);
    const named = { code, type, kind, value };
    this.#names.set(name, named);
    return named;
  }

  inner(): Scope {
    return new Scope(this, this.counter);
  }

  /** A name of the translation's own. */
  temporary(): string {
    return `$t${this.counter.next++}`;
  }
}
