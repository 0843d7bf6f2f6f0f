import * as z from 'zod';
import type { FormStore, MeasuredChoice, MeasuredChoices } from '../../kernels/forms/formStore.js';
import { type AdapterDriver, FORMS } from '../../tensor/formTable.js';
import { readTextFileSync } from '../files/plainFile.js';
import { adapterFile, programHash, replaceQuietly } from './adapterFile.js';

/** A run's classes of problems are some dozens, of 300 bytes each. */
const MAX_BYTES = 2 ** 22;

const Choice: z.ZodType<MeasuredChoice> = z.object({
  kernel: z.string(),
  type: z.string(),
  size: z.string(),
  form: z.enum(FORMS),
  milliseconds: z.partialRecord(z.enum(FORMS), z.number().positive().nullable()),
  operations: z.number().positive().optional(),
});

const File = z.object({
  name: z.string(),
  driver: z.string(),
  program: z.string(),
  choices: z.record(z.string(), Choice),
});

/** A folder of one file an adapter and driver. */
export const choicesIn = (folder: string): FormStore => ({
  recall: async (adapter) => recallChoices(folder, adapter),
  remember: async (adapter, choices) => rememberChoices(folder, adapter, choices),
});

/** Choices measured on an adapter with this driver by this program; none where there is no file, or one that does not hold. */
export function recallChoices(folder: string, adapter: AdapterDriver): MeasuredChoices {
  try {
    const text = readTextFileSync(pathOf(folder, adapter), { what: 'measured kernels', limit: MAX_BYTES });
    const found = File.parse(JSON.parse(text));
    const isOurs = found.name === adapter.name && found.driver === adapter.driver && found.program === programHash();
    return isOurs ? found.choices : {};
  } catch {
    return {};
  }
}

/**
 * Keeps choices in the place of what was there; written beside and renamed.
 * @returns why they could not be kept, as a sentence
 */
export function rememberChoices(folder: string, adapter: AdapterDriver, choices: MeasuredChoices): string | undefined {
  const { name, driver } = adapter;
  const contents = { name, driver, program: programHash(), choices };
  const problem = replaceQuietly(folder, pathOf(folder, adapter), contents);
  return problem && `What was measured is not kept for the next run: ${problem}`;
}

const pathOf = (folder: string, adapter: AdapterDriver): string => adapterFile(folder, 'kernels', adapter);
