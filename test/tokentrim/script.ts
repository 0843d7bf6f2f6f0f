import type { Tensor } from '../../src/tensor/tensor.js';
import type { Answer, Decision, Policy } from '../../src/tokentrim/policy.js';
import { referenceDevice } from '../support/device.js';

// Latents whose drift can be read off: 3 frames of 1 channel on a grid of 2 x 5 tokens, every value of a token the same.
// A token of value v in all frames has the summary [v, v, v, v]; moving by d means a drift of 2 d.

export const patch = { height: 2, width: 2 };
export const TOKENS = 10;

/** [3, 1, 4, 10] with these token values; `spread` moves the frames apart around them. */
export function latents(values: readonly number[], spread = 0, on = referenceDevice): Tensor {
  const data = new Float64Array(3 * 40);
  for (let frame = 0; frame < 3; frame++) {
    for (let pixel = 0; pixel < 40; pixel++) {
      const [row, column] = [Math.floor(pixel / 10), pixel % 10];
      const token = Math.floor(row / 2) * 5 + Math.floor(column / 2);
      data[frame * 40 + pixel] = values[token] + (frame - 1) * spread;
    }
  }
  return on.upload(data, [3, 1, 4, 10]);
}

/** Reviews and accepts blocks, each shown once; `answers` are the tokens that the policy asked to prune. */
export async function play(
  policy: Policy,
  blocks: readonly (readonly number[])[],
): Promise<{
  decisions: Decision[];
  answers: Answer[];
}> {
  const decisions: Decision[] = [];
  const answers: Answer[] = [];
  for (const [block, values] of blocks.entries()) {
    answers.push(await policy.review(block, latents(values)));
    decisions.push(await policy.accept(block, latents(values)));
  }
  return { decisions, answers };
}

/** Blocks whose severities are the given ones, from block 1 on: all tokens swing back and forth together. */
export function withSeverities(severities: readonly number[]): number[][] {
  let position = 0;
  const blocks = [Array<number>(TOKENS).fill(0)];
  for (const [index, severity] of severities.entries()) {
    position += ((index % 2 === 0 ? 1 : -1) * severity) / 2; // a drift of `severity`
    blocks.push(Array<number>(TOKENS).fill(position));
  }
  return blocks;
}
