import { cacheFolder } from '../../node/caches/cacheFolder.js';
import {
  type MeasuredChoice,
  type MeasuredChoices,
  recallChoices,
  rememberChoices,
} from '../../node/caches/rememberedChoices.js';
import { openDevice } from '../../node/openDevice.js';
import { checkOptions, optionsOf } from '../../options/checkOptions.js';
import { callback, number, oneOf, text } from '../../options/fields.js';
import type { Device } from '../../tensor/device.js';
import { checkMatrixForm } from './checkMatrixForm.js';
import { type Contest, contestsOf } from './contest.js';
import { expectedForm, isProcessor, type KernelClass, type Variant } from './form.js';
import { trustsMatrixForm } from './matrixForm.js';
import { fastestForm, timeForms } from './timeForms.js';
import { TrialBench } from './trialBench.js';
import { knownClasses } from './trials.js';

/** How `tuneKernels` goes about it. */
export interface TuneOptions {
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
  readonly onTrial?: (done: number, total: number, problem: KernelClass) => void;
  /** Where choices are kept; the user's cache folder where absent. */
  readonly folder?: string;
  /** A clock in milliseconds; by default the wall's, for an adapter that is a processor the time of this process. */
  readonly now?: () => number;
  /** Opens a device on the same adapter for the trials. */
  readonly open?: () => Promise<Device>;
}

const tuneSchema = optionsOf<TuneOptions>()({
  measure: oneOf(['asked', 'all', 'none']).optional(),
  work: number('must be a number of operations, 0 or more', (work) => work >= 0).optional(),
  onTrial: callback<NonNullable<TuneOptions['onTrial']>>().optional(),
  folder: text.optional(),
  now: callback<() => number>().optional(),
  open: callback<() => Promise<Device>>().optional(),
});

/** What `tuneKernels` came to. */
export interface Tuned {
  /** Classes that were measured. */
  readonly measured: number;
  /** Whether a class has another form now than a plan that was made before counted with. */
  readonly changed: boolean;
  /** What the user should know: that the choices could not be kept. */
  readonly note?: string;
}

/**
 * Chooses among the forms of each kernel by short measured trials, and remembers the choices for this adapter, driver and
 * version of the program. `planMemory` comes before it: it meets every class of a run. Does nothing where a form is forced
 * (`kernels` of `openDevice`), and on the reference device. Where the `matrix` form exists it is checked here: before, it
 * fits nothing.
 *
 * Forms round differently, so the same seed gives the same bytes on an adapter for as long as its choices are remembered;
 * an update of the driver or of this program, or an emptied cache folder, has them measured anew, and another form may win.
 */
export async function tuneKernels(device: Device, options: TuneOptions = {}): Promise<Tuned> {
  checkOptions('tuneKernels', tuneSchema, options);
  const { adapter, forced } = device.variants;
  const isFixed = device.kind !== 'gpu' || forced !== undefined || !adapter;
  const before = formsInUse(device);
  const trusted = trustsMatrixForm(device);
  const { measure = 'asked', folder = cacheFolder(), work } = options;
  const isChecked = forced === 'matrix' || forced === 'half' || (!isFixed && checkPays(measure, work));
  if (isChecked) await checkMatrixForm(device); // without which these forms fit nothing
  if (isFixed) return { measured: 0, changed: false };
  use(device, measure === 'all' ? {} : recallChoices(folder, adapter));
  const classes = { asked: openClasses(device), all: knownClasses(), none: [] }[measure];
  const contests = await contestsOf(device, classes);
  let note: string | undefined;
  const isDue = measure === 'all' || trialsPay(device, contests.length, work);
  if (isDue && contests.length > 0) {
    const measured = await measureAll(device, contests, options);
    use(device, measured);
    // Another process may have measured meanwhile; what was remembered first stands.
    const others = measure === 'all' ? {} : recallChoices(folder, adapter);
    note = rememberChoices(folder, adapter, { ...measured, ...others });
  }
  const hasMore = trustsMatrixForm(device) !== trusted && before.length > 0; // than classes that were met knew of
  const changed = hasMore || formsInUse(device).join() !== before.join();
  return { measured: isDue ? contests.length : 0, changed, note };
}

/**
 * Floating-point operations of a run for each class to be measured from which on trials are worth their time. A trial takes
 * a processor about a second, in which it does 4e10, and a graphics card a fifth of one, in which it does 2e12 or more; and
 * another form than the expected one rarely wins more than a tenth.
 */
const WORK_PER_TRIAL = { processor: 5e11, card: 2e13 };

/** To compare forms with their twins takes a card four seconds, most of which it compiles: a short run is done by then. */
function checkPays(measure: TuneOptions['measure'], work = measure === 'none' ? 0 : Number.POSITIVE_INFINITY): boolean {
  return work >= WORK_PER_TRIAL.card;
}

function trialsPay({ features }: Device, trials: number, work = Number.POSITIVE_INFINITY): boolean {
  return work >= trials * WORK_PER_TRIAL[isProcessor(features) ? 'processor' : 'card'];
}

function use({ variants }: Device, choices: MeasuredChoices): void {
  for (const [key, { form }] of Object.entries(choices)) variants.chosen.set(key, form);
}

/** Classes that were met, have something to choose and no choice yet. */
function openClasses({ variants, features }: Device): KernelClass[] {
  const open = Array.from(variants.asked).filter(([key]) => !variants.chosen.has(key));
  // Where there are matrices, a class that was met before they were checked does not know of their form.
  return open.map(([, asked]) => asked).filter(({ forms }) => forms.size > 1 || features.matrices);
}

/** Of every class that was met. */
function formsInUse(device: Device): Variant[] {
  const { asked, chosen } = device.variants;
  return Array.from(asked, ([key, { forms }]) => {
    const choice = chosen.get(key);
    const fits = choice && (forms.has(choice) || choice === 'matrix' || choice === 'half'); // which fits only once it was checked
    return fits ? choice : expectedForm(device, [...forms]);
  });
}

async function measureAll(
  device: Device,
  contests: readonly Contest[],
  options: TuneOptions,
): Promise<Record<string, MeasuredChoice>> {
  const { onTrial, now = clockFor(device), open = () => openAnother(device) } = options;
  const measured: Record<string, MeasuredChoice> = {};
  const bench = new TrialBench(open);
  try {
    for (const [done, { key, problem, trial, forms }] of contests.entries()) {
      onTrial?.(done, contests.length, problem);
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

/** Asks for all that a request is compared with: one card's name may be the beginning of another's. */
function openAnother({ name, variants: { adapter } }: Device): Promise<Device> {
  return openDevice({ adapter: adapter ? `${adapter.name} ${adapter.driver}` : name, kernels: 'auto' });
}

/** Other programs take their share of the wall's time; where this process does all the work, its own says more. */
function clockFor({ features }: Device): () => number {
  if (!isProcessor(features)) return () => performance.now();
  return () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  };
}
