import { isProcessor } from '../kernels/forms/form.js';
import { type FormTuning, type Tuned, tuneForms } from '../kernels/forms/tuneForms.js';
import { checkOptions, optionsOf } from '../options/checkOptions.js';
import { callback, number, oneOf, text } from '../options/fields.js';
import type { Device } from '../tensor/device.js';
import { cacheFolder } from './caches/cacheFolder.js';
import { choicesIn } from './caches/rememberedChoices.js';
import { openDevice } from './openDevice.js';

/** How `tuneKernels` goes about it. */
export interface TuneOptions extends FormTuning {
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
  const { folder = cacheFolder(), now = clockFor(device), open = () => openAnother(device), ...tuning } = options;
  return tuneForms(device, { store: choicesIn(folder), now, open }, tuning);
}

/** Asks for all that a request is compared with: one card's name may be the beginning of another's. */
function openAnother({ name, forms: { adapter } }: Device): Promise<Device> {
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
