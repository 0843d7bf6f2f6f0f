import { formOf } from '../selfTest/formOf.js';
import type { SelfTestReport } from '../selfTest/selfTestReport.js';

/** What a self-test found, for a terminal. */
export function formatSelfTest({
  adapter,
  model,
  forms,
  checks,
  leftOut,
  broken,
  faulty,
  seconds,
}: SelfTestReport): string {
  const kernels = new Set(checks.map(({ kernel }) => kernel));
  const wrong = checks.filter(({ isRight }) => !isRight);
  const helpless = new Set(wrong.map(({ kernel }) => kernel).filter((kernel) => !formOf(kernel)));
  const lines = [
    `self-test on ${adapter.name}, one layer of ${model}: ${checks.length} launches of ${kernels.size} kernels, forms ` +
      `${forms.join(', ')}, in ${seconds.toFixed(1)} s`,
    wrong.length === 0 ? '  all agree with their float64 twins' : `  ${wrong.length} differ from their float64 twins:`,
    ...wrong.map(
      ({ kernel, shapes, error, tolerance }) =>
        `  - ${kernel} of ${shapes}: ${short(error)}, ${short(tolerance)} allowed`,
    ),
    ...broken.map(({ form, reason }) => `  a run in the ${form} form failed: ${reason}`),
    ...(faulty.length > 0 ? [`  not used any more on this adapter and driver: ${faulty.join(', ')}`] : []),
    ...(helpless.size > 0
      ? [
          `  there is no other form of ${[...helpless].join(', ')}: what this adapter makes is wrong. Update its driver, or choose another --adapter`,
        ]
      : []),
    ...(leftOut.length > 0 ? [`  too much work for a twin, and not checked: ${leftOut.length} launches`] : []),
  ];
  return `\n${lines.join('\n')}\n`;
}

/** Whether a test found nothing to complain of. */
export function isSound({ checks, broken }: SelfTestReport): boolean {
  return broken.length === 0 && checks.every(({ isRight }) => isRight);
}

/** Two digits. */
const short = (value: number): string => (value === 0 ? '0' : value.toPrecision(2));
