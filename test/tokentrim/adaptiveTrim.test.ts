import { expect, test } from 'vitest';
import { SERIES, uniforms } from '../../scripts/severitySeries.mjs';
import { ADAPTIVE_DEFAULTS, adaptiveTrim } from '../../src/tokentrim/adaptiveTrim.js';
import { forecastSeverity } from '../../src/tokentrim/severityForecast.js';
import { tokenTrim } from '../../src/tokentrim/tokenTrim.js';
import { trimPolicy } from '../../src/tokentrim/trimPolicy.js';
import { referenceDevice } from '../support/device.js';
import { latents, patch, play, TOKENS, withSeverities } from './script.js';

const calm = SERIES.normal(uniforms(11), 12).map((severity) => 4 * severity);
const script = [30, ...calm, 8, 4, 4]; // blocks 1 ... 16

test('measures what TokenTrim measures, and decides by the forecast of what was accepted after block 1', async () => {
  const { decisions, answers } = await play(adaptiveTrim(patch), withSeverities(script));
  const paper = await play(tokenTrim(patch, { sensitivity: 1e6 }), withSeverities(script));
  expect(decisions.map(({ severity, drift }) => [severity, drift])).toEqual(
    paper.decisions.map(({ severity, drift }) => [severity, drift]),
  );
  const severities = decisions.map(({ severity }) => severity as number);
  for (const { block, mean, std, threshold } of decisions) {
    const expected = forecastSeverity(severities.slice(2, block), ADAPTIVE_DEFAULTS.falseAlarms);
    expect({ mean, std, threshold }).toEqual(expected ?? { mean: null, std: null, threshold: null });
  }
  expect(answers.flatMap((answer, block) => (answer.length > 0 ? [block] : []))).toEqual([14]);
  expect(answers[14]).toEqual([0]); // all moved alike: the first
});

test('a block that is made again is accepted as it then comes, and counts as such', async () => {
  const policy = adaptiveTrim(patch);
  const blocks = withSeverities(script.slice(0, 13));
  await play(policy, blocks);
  const [position] = blocks[blocks.length - 1];
  const moved = (by: number, tokens: readonly number[]) =>
    latents(Array.from({ length: TOKENS }, (_, token) => position + (tokens.includes(token) ? by : 2) / 2));
  expect(await policy.review(14, moved(40, [3, 7]))).toEqual([3]); // of the tenth that moved most, the first
  expect(policy.latest).toMatchObject({ severity: expect.closeTo(40, 9), unstable: [3] });
  expect(await policy.review(14, moved(30, [3, 7]))).toEqual([]); // once
  const made = await policy.accept(14, moved(30, [3, 7]));
  expect(made).toMatchObject({ triggered: true, attempts: 2, unstable: [3] });
  expect([made.severity, made.severityAfter]).toEqual([expect.closeTo(40, 9), expect.closeTo(30, 9)]);
  expect(made.reviews).toHaveLength(2);
  policy.dispose();
});

test('the warm-up, the number of attempts and the check are as they are asked for', async () => {
  const asked = async (options: object) => {
    const { answers } = await play(adaptiveTrim(patch, options), withSeverities(script));
    return answers.some((answer) => answer.length > 0);
  };
  expect(await asked({ warmup: 13 })).toBe(true);
  expect(await asked({ warmup: 14 })).toBe(false);
  expect(await asked({ maxRegenerations: 0 })).toBe(false);
  const policy = adaptiveTrim(patch, { check: 'first-step', maxRegenerations: 2 });
  expect([policy.check, policy.maxAttempts]).toEqual(['first-step', 3]);
});

test('options name it; parameters that are none are refused', async () => {
  const named = trimPolicy(patch, { policy: 'adaptive', falseAlarms: 0.1 });
  const { decisions } = await play(named, withSeverities(script));
  expect(decisions).toEqual((await play(adaptiveTrim(patch, { falseAlarms: 0.1 }), withSeverities(script))).decisions);
  for (const falseAlarms of [0, 0.5, -1, Number.NaN]) {
    expect(() => adaptiveTrim(patch, { falseAlarms })).toThrow(
      'the share of false alarms must be above 0 and below 0.5',
    );
  }
});

test('holds one summary, however long the video', async () => {
  const { liveStorages } = referenceDevice.memory;
  const policy = adaptiveTrim(patch);
  const candidate = latents(Array<number>(TOKENS).fill(1));
  for (let block = 0; block < 60; block++) {
    await policy.review(block, candidate);
    await policy.accept(block, candidate);
    expect(referenceDevice.memory.liveStorages).toBe(liveStorages + 2);
  }
  policy.dispose();
  candidate.dispose();
  expect(referenceDevice.memory.liveStorages).toBe(liveStorages);
});
