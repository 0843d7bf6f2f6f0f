import type { Form } from '../tensor/formTable.js';

/** Kernels that are steps of another one's form: the form is chosen for that. */
const STEP_OF: Readonly<Record<string, string>> = {
  attentionScores: 'attention',
  attentionSoftmax: 'attention',
  attentionValues: 'attention',
  attentionWeights: 'attentionGradient',
  headProduct: 'attentionGradient',
  scoreGradient: 'attentionGradient',
};

/** Second parts of a WGSL file's name that are forms to choose. */
const FORM_NAMES: Readonly<Record<string, Exclude<Form, 'plain'>>> = {
  subgroup: 'subgroup',
  tiled: 'tiled',
  matrix: 'matrix',
  matrixHalf: 'half',
};

/**
 * The form that a WGSL file belongs to, as `FormTable.faulty` has it (`attention subgroup`); undefined where it is all that
 * there is of its kernel.
 */
export function formOf(file: string): string | undefined {
  const [kernel, suffix = ''] = file.split('.');
  const form = FORM_NAMES[suffix];
  return form && `${STEP_OF[kernel] ?? kernel} ${form}`;
}
