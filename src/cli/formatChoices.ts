import type { MeasuredChoice, MeasuredChoices } from '../kernels/forms/formStore.js';
import { FORMS } from '../tensor/formTable.js';

/** The table of measured kernels that `doctor` prints: every form's time, which one is used, and how fast that is. */
export function formatChoices(choices: MeasuredChoices): string {
  const rows = Object.values(choices);
  if (rows.length === 0) {
    return '\nkernels: nothing measured yet, the expected forms are used; a long run measures what it needs, doctor --measure does it now\n';
  }
  const forms = FORMS.filter((form) => rows.some(({ milliseconds }) => milliseconds[form] !== undefined));
  const table = [
    ['kernel', 'types', 'size', 'used', ...forms, 'speed'],
    ...rows.map((row) => [
      row.kernel,
      row.type,
      row.size,
      row.form,
      ...forms.map((form) => timeOf(row, form)),
      speedOf(row),
    ]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const firstNumber = 4;
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column < firstNumber ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  '),
  );
  return `\nkernels, measured in ms a run (processor time where the adapter is a processor):\n${lines
    .map((line) => `  ${line.trimEnd()}\n`)
    .join('')}`;
}

function timeOf({ milliseconds }: MeasuredChoice, form: (typeof FORMS)[number]): string {
  const time = milliseconds[form];
  return time === undefined ? '-' : time === null ? 'failed' : digits(time);
}

const digits = (value: number) => (value < 100 ? value.toPrecision(3) : value.toFixed(0));

function speedOf({ form, milliseconds, operations }: MeasuredChoice): string {
  const time = milliseconds[form];
  return time && operations ? `${digits(operations / time / 1e6)} GFLOP/s` : '';
}
