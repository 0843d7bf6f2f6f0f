import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { FormStore, MeasuredChoice, MeasuredChoices } from '../../kernels/forms/formStore.js';
import { type AdapterDriver, FORMS } from '../../tensor/formTable.js';
import { readTextFileSync } from '../files/plainFile.js';
import { cacheProblem } from '../files/writeProblem.js';
import { kernelNames, kernelText } from '../kernelTexts.js';

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
export function rememberChoices(
  folder: string,
  { name, driver }: AdapterDriver,
  choices: MeasuredChoices,
): string | undefined {
  const path = pathOf(folder, { name, driver });
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, `${JSON.stringify({ name, driver, program: programHash(), choices }, undefined, 1)}\n`);
    renameSync(unfinished, path);
    return undefined;
  } catch (error) {
    removeQuietly(unfinished);
    return `What was measured is not kept for the next run: ${cacheProblem(folder, error)}`;
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder cannot be written: nothing is there.
  }
}

function pathOf(folder: string, { name, driver }: AdapterDriver): string {
  const key = createHash('sha256')
    .update(JSON.stringify([name, driver]))
    .digest('hex')
    .slice(0, 20);
  return join(folder, `kernels-${key}.json`);
}

let hash: string | undefined;

/** Changes with every kernel's WGSL and with the program's version. */
function programHash(): string {
  if (hash) return hash;
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const parts = kernelNames().map((name) => `${name}\n${kernelText(name)}`);
  hash = createHash('sha256')
    .update([version, ...parts].join('\0'))
    .digest('hex');
  return hash;
}
