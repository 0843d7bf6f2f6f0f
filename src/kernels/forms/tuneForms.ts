import type { Device } from '../../tensor/device.js';
import { checkMatrixForm } from './checkMatrixForm.js';
import { expectedForm, type Form, isProcessor, type ProblemClass } from './form.js';
import type { FormStore, MeasuredChoice, MeasuredChoices } from './formStore.js';
import { fastestForm, timeForms } from './timeForms.js';
import { TrialBench } from './trialBench.js';
import { type ClassTrial, knownClasses, trialsFor } from './trials.js';

/** What is to be measured. */
export interface FormTuning {
  /**
   * `asked`, the default: classes that a plan or a run on the device has met and of which nothing is remembered; `all`:
   * every class there is, afresh; `none`: what is remembered is used and nothing is measured.
   */
  readonly measure?: 'asked' | 'all' | 'none';
  /**
   * Floating-point operations of the run that `asked` is for (`MemoryPlan.operations`): a run that is short beside the
   * trials makes none. Where absent, they are made.
   */
  readonly work?: number;
  /** Called before every trial. */
  readonly onTrial?: (done: number, total: number, problem: ProblemClass) => void;
}

/** What measuring takes of the program around it. */
export interface TuningTools {
  /** Where choices are kept. */
  readonly store: FormStore;
  /** A clock in milliseconds. */
  readonly now: () => number;
  /** Opens another device on the same adapter, with no form forced, for the trials. */
  readonly open: () => Promise<Device>;
}

/** What tuning came to. */
export interface Tuned {
  /** Classes that were measured. */
  readonly measured: number;
  /** Whether a class has another form now than a plan that was made before counted with. */
  readonly changed: boolean;
  /** What the user should know: that the choices could not be kept. */
  readonly note?: string;
}

/**
 * Chooses among the forms of each kernel by short measured trials, and keeps the choices in the store. Does nothing where
 * a form is forced or recorded, on the reference device, and on a device whose adapter is not named (`FormTable.adapter`). Where the
 * `matrix` form exists it is checked here: before, it fits nothing.
 */
export async function tuneForms(device: Device, tools: TuningTools, tuning: FormTuning = {}): Promise<Tuned> {
  const { adapter, forced, recorded, trusted } = device.forms;
  const isFixed = device.kind !== 'gpu' || forced !== undefined || recorded !== undefined || !adapter;
  const before = [...formsInUse(device).values()];
  const trustedBefore = trusted.size;
  const { measure = 'asked', work } = tuning;
  const { store } = tools;
  const isChecked = forced === 'matrix' || forced === 'half' || (!isFixed && checkPays(measure, work));
  if (isChecked) await checkMatrixForm(device); // without which these forms fit nothing
  if (isFixed) return { measured: 0, changed: false };
  use(device, measure === 'all' ? {} : await store.recall(adapter));
  const classes = { asked: openClasses(device), all: knownClasses(), none: [] }[measure];
  const trials = await trialsFor(device, classes);
  let note: string | undefined;
  const isDue = measure === 'all' || trialsPay(device, trials.length, work);
  if (isDue && trials.length > 0) {
    const measured = await measureAll(trials, tools, tuning.onTrial);
    use(device, measured);
    // Another process may have measured meanwhile; what was remembered first stands.
    const others = measure === 'all' ? {} : await store.recall(adapter);
    note = await store.remember(adapter, { ...measured, ...others });
  }
  const hasMore = trusted.size > trustedBefore && before.length > 0; // than classes that were met knew of
  const changed = hasMore || [...formsInUse(device).values()].join() !== before.join();
  return { measured: isDue ? trials.length : 0, changed, note };
}

/**
 * Floating-point operations of a run for each class to be measured from which on trials are worth their time. A trial takes
 * a processor about a second, in which it does 4e10, and a graphics card a fifth of one, in which it does 2e12 or more; and
 * another form than the expected one rarely wins more than a tenth.
 */
const WORK_PER_TRIAL = { processor: 5e11, card: 2e13 };

/** To compare forms with their twins takes a card four seconds, most of which it compiles: a short run is done by then. */
function checkPays(measure: FormTuning['measure'], work = measure === 'none' ? 0 : Number.POSITIVE_INFINITY): boolean {
  return work >= WORK_PER_TRIAL.card;
}

function trialsPay({ features }: Device, trials: number, work = Number.POSITIVE_INFINITY): boolean {
  return work >= trials * WORK_PER_TRIAL[isProcessor(features) ? 'processor' : 'card'];
}

function use({ forms }: Device, choices: MeasuredChoices): void {
  for (const [key, { form }] of Object.entries(choices)) forms.chosen.set(key, form);
}

/** Classes that were met, have something to choose and no choice yet. */
function openClasses({ forms, features }: Device): ProblemClass[] {
  const open = Array.from(forms.asked).filter(([key]) => !forms.chosen.has(key));
  // Where there are matrices, a class that was met before they were checked does not know of their form.
  return open.map(([, asked]) => asked).filter(({ forms }) => forms.size > 1 || features.matrices);
}

/** The form of every class that was met, by its key. */
export function formsInUse(device: Device): ReadonlyMap<string, Form> {
  const { asked, chosen, recorded } = device.forms;
  const inUse = Array.from(asked, ([key, { forms }]) => {
    const choice = recorded?.get(key) ?? chosen.get(key);
    // A class that was met before matrices were checked does not know of their forms.
    const fits = choice && (forms.has(choice) || (isMatrix(choice) && device.features.matrices));
    return [key, fits ? choice : expectedForm(device, [...forms])] as const;
  });
  return new Map(inUse);
}

const isMatrix = (form: Form): boolean => form === 'matrix' || form === 'half';

async function measureAll(
  trials: readonly ClassTrial[],
  { now, open }: TuningTools,
  onTrial: FormTuning['onTrial'],
): Promise<Record<string, MeasuredChoice>> {
  const measured: Record<string, MeasuredChoice> = {};
  const bench = new TrialBench(open);
  try {
    for (const [done, { key, problem, trial, forms }] of trials.entries()) {
      onTrial?.(done, trials.length, problem);
      const times = await timeForms(forms, { now, run: (form, launches) => bench.run(key, trial, form, launches) });
      const form = fastestForm(times, forms[0]);
      if (form === undefined) continue;
      const { kernel, type, size } = problem;
      const { operations } = trial;
      measured[key] = { kernel, type, size, form, milliseconds: Object.fromEntries(times), operations };
    }
  } finally {
    bench.close();
  }
  return measured;
}
