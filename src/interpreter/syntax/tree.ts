/** A type as it is written: `vec4f`, `array<f32, 8u>`. Arguments are types, sizes or words such as `read`. */
export interface TypeName {
  readonly name: string;
  readonly templates: readonly Expression[];
  readonly line: number;
}

/** What gives a value. A name with templates may stand for a type as well: `array<f32, 8>`. */
export type Expression = { readonly line: number } & (
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'name'; readonly name: string; readonly templates: readonly Expression[] }
  | { readonly kind: 'unary'; readonly operator: '-' | '!' | '~' | '&' | '*'; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly templates: readonly Expression[];
      readonly given: readonly Expression[];
    }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: Expression }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string }
);

/** A variable or constant, of a function or of the module. */
export interface Declaration {
  readonly kind: 'declaration';
  readonly keyword: 'var' | 'let' | 'const' | 'override';
  /** `storage`, `workgroup`, `uniform`, `private`; empty in functions. */
  readonly space: string;
  readonly access: string;
  readonly name: string;
  readonly type: TypeName | undefined;
  readonly value: Expression | undefined;
  readonly attributes: Attributes;
  readonly line: number;
}

export type Statement = { readonly line: number } & (
  | Declaration
  | { readonly kind: 'block'; readonly body: readonly Statement[] }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[] | undefined;
    }
  | {
      readonly kind: 'for';
      readonly first: Statement | undefined;
      readonly condition: Expression | undefined;
      readonly step: Statement | undefined;
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: readonly Statement[] }
  | { readonly kind: 'loop'; readonly body: readonly Statement[]; readonly continuing: readonly Statement[] }
  | { readonly kind: 'switch'; readonly on: Expression; readonly cases: readonly Case[] }
  | { readonly kind: 'breakIf'; readonly condition: Expression }
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'return'; readonly value: Expression | undefined }
  | {
      readonly kind: 'assign';
      /** `=`, or the operator before it. */
      readonly operator: string;
      /** Absent for `_ = …`. */
      readonly target: Expression | undefined;
      readonly value: Expression;
    }
  | { readonly kind: 'call'; readonly call: Expression }
);

/** One `case` of a `switch`; `default` among its values is undefined. */
export interface Case {
  readonly values: readonly (Expression | undefined)[];
  readonly body: readonly Statement[];
  readonly line: number;
}

/** `@binding(0)` and the like, by name. */
export type Attributes = ReadonlyMap<string, readonly Expression[]>;

export interface Parameter {
  readonly name: string;
  readonly type: TypeName;
  readonly attributes: Attributes;
}

export interface FunctionTree {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly result: TypeName | undefined;
  readonly body: readonly Statement[];
  readonly attributes: Attributes;
  readonly line: number;
}

export interface StructTree {
  readonly name: string;
  readonly members: readonly Parameter[];
  readonly line: number;
}

/** A file of WGSL. */
export interface ModuleTree {
  readonly structs: readonly StructTree[];
  readonly aliases: ReadonlyMap<string, TypeName>;
  readonly functions: readonly FunctionTree[];
  readonly declarations: readonly Declaration[];
}
