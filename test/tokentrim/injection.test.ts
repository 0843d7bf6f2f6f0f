import { expect, test } from 'vitest';
import { normal, uniforms } from '../../scripts/severitySeries.mjs';
import type { Tensor } from '../../src/tensor/tensor.js';
import { adaptiveTrim } from '../../src/tokentrim/adaptiveTrim.js';
import type { Answer, Policy } from '../../src/tokentrim/policy.js';
import { tokenTrim } from '../../src/tokentrim/tokenTrim.js';
import { referenceDevice } from '../support/device.js';

// Known tokens of one block disturbed by a known amount, in latents that otherwise wander alike everywhere: whether the
// policies see it, and whether they name those tokens.

const patch = { height: 2, width: 2 };
const SIDE = 8; // tokens
const INJECTED = [9, 10, 17];
const AT = 14;
const BLOCKS = 16;

/** Blocks [1, 2, 16, 16] that each differ from the one before by normal noise, `amount` times as much where it is injected. */
function wandering(seed: number, amount: number): Tensor[] {
  const uniform = uniforms(seed);
  const pixels = 2 * (2 * SIDE) ** 2;
  let values = Array<number>(pixels).fill(0);
  return Array.from({ length: BLOCKS }, (_, block) => {
    values = values.map((value, index) => {
      const [row, column] = [Math.floor(index / (2 * SIDE)) % (2 * SIDE), index % (2 * SIDE)];
      const token = Math.floor(row / 2) * SIDE + Math.floor(column / 2);
      return value + normal(uniform) * (block === AT && INJECTED.includes(token) ? amount : 1);
    });
    return referenceDevice.upload(Float32Array.from(values), [1, 2, 2 * SIDE, 2 * SIDE]);
  });
}

async function answersOf(policy: Policy, blocks: readonly Tensor[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const [block, latents] of blocks.entries()) {
    answers.push(await policy.review(block, latents));
    await policy.accept(block, latents);
  }
  policy.dispose();
  return answers;
}

/** Of `runs`: how many saw the block, how many others were named on the way, and how much of what was named was injected. */
async function played(make: () => Policy, amount: number, runs: number) {
  let seen = 0;
  let alarms = 0;
  let named = 0;
  let right = 0;
  for (let seed = 0; seed < runs; seed++) {
    const blocks = wandering(seed, amount);
    const answers = await answersOf(make(), blocks);
    for (const block of blocks) block.dispose();
    alarms += answers.filter((answer, block) => answer.length > 0 && block !== AT).length;
    const found = answers[AT];
    if (found === 'again' || found.length === 0) continue;
    seen++;
    named += found.length;
    right += found.filter((token) => INJECTED.includes(token)).length;
  }
  return {
    seen: seen / runs,
    alarms: alarms / runs,
    precision: right / named,
    recall: right / (seen * INJECTED.length),
  };
}

test('what is disturbed fourfold is seen by both, and adaptive pruning names little else', async () => {
  const [paper, adaptive] = [
    await played(() => tokenTrim(patch), 4, 20),
    await played(() => adaptiveTrim(patch), 4, 20),
  ];
  for (const { seen, recall } of [paper, adaptive]) {
    expect(seen).toBeGreaterThan(0.9);
    expect(recall).toBeGreaterThan(0.9);
  }
  expect(paper.precision).toBeCloseTo(3 / 7, 1); // always ceil(0.1 * 64) tokens
  expect(adaptive.precision).toBeGreaterThan(0.85);
  expect(adaptive.alarms).toBeLessThan(paper.alarms);
});

test('where nothing is disturbed, adaptive pruning keeps its rate', async () => {
  const { seen, alarms } = await played(() => adaptiveTrim(patch), 1, 40);
  expect(seen + alarms).toBeLessThan(12 / 40 + 0.3); // 12 blocks are asked: 0.3 a run, and a margin of 4 deviations
});
