import type { Expression } from '../syntax/tree.js';
import type { ModuleScope } from './moduleScope.js';
import type { Operand } from './operand.js';
import type { Place } from './place.js';
import type { Scope } from './scope.js';

/** Puts code that is needed twice into a constant before the statement. */
export type Hoist = (code: string) => string;

/** What the translation of a part of an expression needs of the rest. */
export interface Context {
  readonly module: ModuleScope;
  /** Functions that wait for other invocations, so that calling them may as well. */
  readonly stopping: ReadonlySet<string>;
  readonly expression: (expression: Expression, scope: Scope) => Operand;
  /** Where the thing that an expression names lies. */
  readonly place: (expression: Expression, scope: Scope, hoist?: Hoist) => Place;
}
