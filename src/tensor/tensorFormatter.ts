import { describeTensor, printTensor } from './describeTensor.js';
import { Tensor } from './tensor.js';

/** An element as Chrome's tools take it: its name, its attributes, its contents. */
type Markup = readonly [tag: string, attributes: { readonly style?: string }, text: string];

/**
 * Shows tensors in Chrome's tools as they are printed in Node: `globalThis.devtoolsFormatters = [tensorFormatter]`, in the
 * context that has the tensors (a page's worker has its own), and "Custom formatters" in the settings of the tools.
 * Source: the custom object formatters of Chrome's developer tools.
 */
export const tensorFormatter = {
  header: (value: unknown): Markup | null => (value instanceof Tensor ? ['span', {}, describeTensor(value)] : null),
  hasBody: (value: unknown): boolean => value instanceof Tensor,
  body: (value: Tensor): Markup => ['div', { style: 'white-space: pre; font-family: monospace' }, printTensor(value)],
};
