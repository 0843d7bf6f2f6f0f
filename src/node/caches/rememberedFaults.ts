import * as z from 'zod';
import type { AdapterDriver } from '../../tensor/formTable.js';
import { readTextFileSync } from '../files/plainFile.js';
import { adapterFile, programHash, replaceQuietly } from './adapterFile.js';

/** A fault is two words. */
const MAX_BYTES = 2 ** 16;

const File = z.object({
  name: z.string(),
  driver: z.string(),
  program: z.string(),
  faulty: z.array(z.string()),
});

/** The forms that a self-test found wrong on an adapter with this driver; none where there is no such file. */
export function recallFaults(folder: string, adapter: AdapterDriver): string[] {
  try {
    const text = readTextFileSync(pathOf(folder, adapter), { what: 'faulty kernels', limit: MAX_BYTES });
    const found = File.parse(JSON.parse(text));
    const isOurs = found.name === adapter.name && found.driver === adapter.driver && found.program === programHash();
    return isOurs ? found.faulty : [];
  } catch {
    return [];
  }
}

/**
 * Keeps what a self-test found wrong in the place of what an earlier one did.
 * @returns why it could not be kept, as a sentence
 */
export function rememberFaults(folder: string, adapter: AdapterDriver, faulty: readonly string[]): string | undefined {
  const { name, driver } = adapter;
  const contents = { name, driver, program: programHash(), faulty };
  const problem = replaceQuietly(folder, pathOf(folder, adapter), contents);
  return problem && `What is wrong here is not kept for the next run: ${problem}`;
}

const pathOf = (folder: string, adapter: AdapterDriver): string => adapterFile(folder, 'faults', adapter);
