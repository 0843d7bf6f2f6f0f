import { TokenTrimError } from '../errors.js';

/**
 * Forms of one kernel with the same inputs and results: `plain` runs everywhere; `subgroup` is for processors, where
 * subgroups are small and of one size (lavapipe: 8 lanes, or 16 with 512-bit vectors); `tiled` is for graphics cards;
 * `matrix` is for those whose driver multiplies matrices by itself, `half` the same with inputs rounded to f16.
 */
export const FORMS = ['plain', 'subgroup', 'tiled', 'matrix', 'half'] as const;
export type Form = (typeof FORMS)[number];

/** @throws TokenTrimError for a name that is no form; `auto` is undefined: the best one, by trial or expectation */
export function parseForm(name: string | undefined): Form | undefined {
  if (name === undefined || name === '' || name === 'auto') return undefined;
  const form = FORMS.find((known) => known === name);
  if (!form) throw new TokenTrimError(`kernels: expected auto, ${FORMS.join(', ')}, found "${name}"`);
  return form;
}

/** What is measured together: problems of one kernel that the same form is the best for. */
export interface ProblemClass {
  readonly kernel: string;
  /** Types of the operands that select code, such as `bf16`. */
  readonly type: string;
  /** Such as `17 to 64 rows`. */
  readonly size: string;
}

/** The name of a class in a `FormTable`. */
export const classKey = ({ kernel, type, size }: ProblemClass): string => `${kernel} | ${type} | ${size}`;

/** A class that a run meets. */
export interface AskedClass extends ProblemClass {
  /** Every form that handled one of its problems, `plain` included. */
  readonly forms: ReadonlySet<Form>;
}

/** An adapter and its driver, as `tokentrim doctor` names them: what measured choices hold for. */
export interface AdapterDriver {
  readonly name: string;
  /** The driver and its version. */
  readonly driver: string;
}

/**
 * Which form of each kernel a device runs, by class of problem. A device and the plans of runs on it share one table, so
 * that a plan counts the memory of the forms that will run, and knows the classes before the run does.
 */
export class FormTable {
  /** A form to use wherever it fits, in the place of every choice: `--kernels` and `TOKENTRIM_KERNELS`. */
  forced: Form | undefined;
  /** What an earlier run used, by `classKey`, where this one makes or continues it: in the place of trials. */
  recorded: ReadonlyMap<string, Form> | undefined;
  /** Whose measurements may be used; none where absent. */
  adapter: AdapterDriver | undefined;
  /** What a measured trial chose, by `classKey`. */
  readonly chosen = new Map<string, Form>();
  /** Kernels whose form on matrices may run: those found right, and one that is being tried (`checkMatrixForm`). */
  readonly trusted = new Set<string>();
  /** That check, from when it began. */
  matrixCheck: Promise<ReadonlySet<string>> | undefined;
  /** Forms that a self-test found wrong here, such as `linear tiled`: they are not chosen. */
  readonly faulty = new Set<string>();
  /** Shapes to try products of matrices in, by kernel, in the place of the kernel's own: for tests and measurements. */
  readonly shapes = new Map<string, readonly Readonly<Record<string, number>>[]>();
  #asked = new Map<string, ProblemClass & { readonly forms: Set<Form> }>();

  /** The forms of each kernel that problems were given to since this was last cleared. */
  readonly ran = new Map<string, Set<Form>>();

  /** Every class that was asked for, by `classKey`, for trials to measure. */
  get asked(): ReadonlyMap<string, AskedClass> {
    return this.#asked;
  }

  /** Notes the form that a problem of a kernel is given to. */
  noteRun(kernel: string, form: Form): void {
    const known = this.ran.get(kernel);
    if (known) known.add(form);
    else this.ran.set(kernel, new Set([form]));
  }

  /** Notes that a problem of a class was met, and which forms handle it. */
  ask(key: string, { kernel, type, size }: ProblemClass, forms: readonly Form[]): void {
    const known = this.#asked.get(key);
    if (!known) this.#asked.set(key, { kernel, type, size, forms: new Set(forms) });
    else for (const form of forms) known.forms.add(form);
  }
}
