import type { AdapterDriver } from '../../tensor/formTable.js';
import type { Form, ProblemClass } from './form.js';

/** What was measured for a class, and the form to use. */
export interface MeasuredChoice extends ProblemClass {
  readonly form: Form;
  /** Milliseconds a run of each form that was tried; null for one that failed. */
  readonly milliseconds: { readonly [Name in Form]?: number | null };
  /** Floating-point operations of that run; absent where memory sets the pace. */
  readonly operations?: number;
}

/** Choices by `classKey`. */
export type MeasuredChoices = Readonly<Record<string, MeasuredChoice>>;

/** Where measured choices are kept from one run to the next: a folder in Node (`src/node/caches/rememberedChoices.ts`). */
export interface FormStore {
  /** Choices measured on an adapter with this driver by this version of the kernels; none where nothing is known. */
  recall(adapter: AdapterDriver): Promise<MeasuredChoices>;
  /**
   * Keeps choices in the place of what was there.
   * @returns why they could not be kept, as a sentence
   */
  remember(adapter: AdapterDriver, choices: MeasuredChoices): Promise<string | undefined>;
}
