import { type Device, f32, type KernelCall, u32 } from '../../tensor/device.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Form } from '../forms/form.js';
import { evenSubgroupSize } from '../norms/rowForm.js';
import * as reference from './attentionWeights.twin.js';

/** Which columns of a line of scores are keys': the first `rowCount`, those of a cache, and own ones from `ownColumn` on. */
export interface KeyColumns {
  readonly columns: number;
  readonly rowCount: number;
  readonly ownColumn: number;
  readonly ownCount: number;
}

/**
 * Scores become the weights of attention, in place: softmax(scale * scores) over the keys of a line, 0 between and behind.
 * @param scores [any], `lines` times `keys.columns` and whatever is behind
 */
export function updateAttentionWeights(
  scores: Tensor,
  lines: number,
  keys: KeyColumns,
  scale: number,
  form: Form,
): void {
  scores.device.launch({
    ...kernelOf('attentionWeights', scores.device, form),
    reads: [],
    output: scores,
    ...byLines(lines, keys, scale),
    twin: () => reference.attentionWeights(scores.host, lines, keys, scale),
  });
}

/**
 * The gradient of weights becomes that of scores, in place: scale * weights * (gradient - sum(weights * gradient)) over the
 * keys of a line, 0 between and behind.
 * @param gradient [any], as `weights`
 */
export function updateScoreGradient(
  gradient: Tensor,
  weights: Tensor,
  lines: number,
  keys: KeyColumns,
  scale: number,
  form: Form,
): void {
  gradient.device.launch({
    ...kernelOf('scoreGradient', gradient.device, form),
    reads: [weights],
    output: gradient,
    ...byLines(lines, keys, scale),
    twin: () => reference.scoreGradient(gradient.host, weights.host, lines, keys, scale),
  });
}

/** Where every subgroup has one size, one of them does a line; `plain` does without. */
function kernelOf(kernel: string, device: Device, form: Form): Pick<KernelCall, 'kernel' | 'overrides'> {
  const lanes = form === 'plain' ? 0 : evenSubgroupSize(device);
  return lanes > 0 ? { kernel: `${kernel}.subgroup`, overrides: { SUBGROUP: lanes } } : { kernel };
}

function byLines(
  lines: number,
  { columns, rowCount, ownColumn, ownCount }: KeyColumns,
  scale: number,
): Pick<KernelCall, 'params' | 'workgroups'> {
  return {
    params: [...[lines, columns, rowCount, ownColumn, ownCount].map(u32), f32(scale)],
    workgroups: lines,
  };
}
