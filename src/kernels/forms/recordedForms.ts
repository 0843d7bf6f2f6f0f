import * as z from 'zod';
import type { Device } from '../../tensor/device.js';
import { FORMS, type Form } from '../../tensor/formTable.js';
import { checkMatrixForm } from './checkMatrixForm.js';
import { formsInUse } from './tuneForms.js';

/**
 * Which form of each kernel a run used. Forms round differently: who makes the run again, or goes on with it, uses these,
 * whatever a trial would choose.
 */
export interface RecordedForms {
  /** The one form that was asked for wherever it fits; null where each class of problems had its own. */
  readonly forced: Form | null;
  /** By `classKey`, for the classes that the run met. */
  readonly classes: Readonly<Record<string, Form>>;
}

const form = z.enum(FORMS);

/** @internal A run meets some dozens of classes, whose names are short. */
export const recordedFormsSchema: z.ZodType<RecordedForms> = z.strictObject({
  forced: form.nullable(),
  classes: z
    .record(z.string().max(200), form)
    .refine((classes) => Object.keys(classes).length <= 1000, 'must have at most 1000 classes'),
});

/** The forms of every class that a run or its plan has met on a device. */
export function recordForms(device: Device): RecordedForms {
  const { forced } = device.forms;
  const classes = forced ? [] : [...formsInUse(device)].sort(([one], [other]) => (one < other ? -1 : 1));
  return { forced: forced ?? null, classes: Object.fromEntries(classes) };
}

/** Has a device run recorded forms, where they fit its adapter; before anything is planned on it, and in the place of trials. */
export async function useForms(device: Device, { forced, classes }: RecordedForms): Promise<void> {
  device.forms.forced = forced ?? undefined;
  device.forms.recorded = new Map(Object.entries(classes));
  const isMatrix = [forced, ...Object.values(classes)].some((used) => used === 'matrix' || used === 'half');
  if (isMatrix) await checkMatrixForm(device); // without which these forms fit nothing
}

/** Classes that run in another form on a device than the record says, in words: what its adapter has not. */
export function changedForms(device: Device, record: RecordedForms): string[] {
  const { forced, classes } = recordForms(device);
  if (forced !== record.forced) return [`${forced ?? 'auto'} in the place of ${record.forced ?? 'auto'}`];
  return Object.entries(classes)
    .filter(([key, used]) => record.classes[key] !== used)
    .map(([key, used]) => `${key}: ${used} in the place of ${record.classes[key] ?? 'none that was recorded'}`);
}
