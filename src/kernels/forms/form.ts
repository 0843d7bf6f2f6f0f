import { ensure } from '../../errors.js';
import type { Device } from '../../tensor/device.js';
import { classKey, FORMS, type Form, type ProblemClass } from '../../tensor/formTable.js';

export { classKey, type Form, type ProblemClass } from '../../tensor/formTable.js';

const SUBGROUP_SIZES = [8, 16];

/** The lanes of every subgroup, where the outer products of the `subgroup` kernels can run; else 0. */
export function subgroupSize({ features }: Device): number {
  const { minSubgroupSize: size, maxSubgroupSize } = features;
  return isProcessor(features) && size === maxSubgroupSize && SUBGROUP_SIZES.includes(size) ? size : 0;
}

/** Whether the adapter is a program on the processor. Lanes do not tell: there are cards with 16 (Mali, V3D), and programs with 4. */
export function isProcessor({ software }: Device['features']): boolean {
  return software === true;
}

/** A kernel's classes of problems, declared once: a form is chosen for each, and a trial is made for each (`trialsOf`). */
export interface KernelClasses<Type extends string = string, Size extends string = string> {
  readonly kernel: string;
  /** Types of operands that there are trials for. */
  readonly types: readonly Type[];
  /** Names of sizes, at most three, in rising order, each with the most that has it of what the kernel counts. */
  readonly sizes: Readonly<Record<Size, number>>;
}

/** The class of a problem, by its types and by its count of what the kernel's sizes are of. */
export function classOf({ kernel, sizes }: KernelClasses, type: string, count: number): ProblemClass {
  const size = Object.keys(sizes).find((name) => count <= sizes[name]) as string; // the last has no end
  return { kernel, type, size };
}

/** Of forms that handle a problem, the one to use where nothing was measured. */
export function expectedForm({ features }: Pick<Device, 'features'>, forms: readonly Form[]): Form {
  const order: readonly Form[] = isProcessor(features) ? ['subgroup'] : ['matrix', 'tiled', 'subgroup'];
  return order.find((form) => forms.includes(form)) ?? 'plain';
}

/**
 * The form of a kernel for a device and a problem: the one that is wanted, else the one forced on the device where it fits,
 * else what an earlier run recorded, else what a trial chose for the class, else the one that is expected to be the best. The forms of a kernel round
 * differently, so the values of a run depend on the choices; they change where a trial is made anew (`tuneKernels`).
 * @param fits which forms, beside `plain`, exist and handle the problem on this device
 * @param wanted a form to use in the place of any choice, for tests and benchmarks
 * @throws TokenTrimError where the form that is wanted cannot be used
 */
export function chooseForm(
  device: Device,
  problem: ProblemClass,
  fits: { readonly [Name in Exclude<Form, 'plain'>]?: boolean },
  wanted?: Form,
): Form {
  if (device.kind === 'reference') return wanted ?? 'plain'; // it runs the twin of any
  const isSound = (form: Form) => !device.forms.faulty.has(`${problem.kernel} ${form}`);
  const fitting = FORMS.filter((form) => form === 'plain' || (fits[form] && isSound(form)));
  const form = chosenForm(device, problem, fitting, wanted);
  device.forms.noteRun(problem.kernel, form);
  return form;
}

function chosenForm(device: Device, problem: ProblemClass, fitting: readonly Form[], wanted?: Form): Form {
  if (wanted) {
    ensure(
      fitting.includes(wanted),
      () => `the ${wanted} form of this kernel is not for this shape on ${device.name}: leave it out`,
    );
    return wanted;
  }
  const { forms } = device;
  if (forms.forced) return forcedForm(forms.forced, fitting);
  const key = classKey(problem);
  forms.ask(key, problem, fitting);
  const chosen = forms.recorded?.get(key) ?? forms.chosen.get(key);
  return chosen && fitting.includes(chosen) ? chosen : expectedForm(device, fitting);
}

/** Kernels that do not tell `half` from `matrix` run the latter, which rounds nothing that they were not given rounded. */
function forcedForm(forced: Form, forms: readonly Form[]): Form {
  const wanted: readonly Form[] = forced === 'half' ? ['half', 'matrix'] : [forced];
  return wanted.find((form) => forms.includes(form)) ?? 'plain';
}
