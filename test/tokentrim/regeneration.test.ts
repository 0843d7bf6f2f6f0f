import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TokenTrimOptions, tokenTrim } from '../../src/tokentrim/tokenTrim.js';
import { device } from '../support/device.js';
import { latents, patch, play, TOKENS, withSeverities } from './script.js';

describe('regeneration', () => {
  /** Blocks 0 to 2 with severities 2 and 4, then block 3, shown with one severity after another until it is accepted. */
  async function regenerate(options: Partial<TokenTrimOptions>, shown: readonly number[]) {
    const policy = tokenTrim(patch, options);
    const start = withSeverities([2, 4]);
    await play(policy, start);
    const position = start[2][0];
    let tries = 0;
    for (; tries < shown.length; tries++) {
      const candidate = latents(Array<number>(TOKENS).fill(position + shown[tries] / 2));
      if ((await policy.review(3, candidate)).length === 0) break;
    }
    const last = latents(Array<number>(TOKENS).fill(position + shown[Math.min(tries, shown.length - 1)] / 2));
    return { policy, tries, decision: await policy.accept(3, last), position };
  }

  test('happens once: the second candidate is accepted whatever its severity', async () => {
    const { tries, decision } = await regenerate({}, [9, 12, 1]);
    expect(tries).toBe(1);
    expect(decision).toMatchObject({ severity: 9, severityAfter: 12, triggered: true, attempts: 2, mean: 3, std: 1 });
    expect(decision.unstable).toEqual([0]);
  });

  test('happens as often as allowed, and no longer than needed', async () => {
    expect((await regenerate({ maxRegenerations: 0 }, [9, 9])).decision).toMatchObject({
      triggered: false,
      attempts: 1,
      severity: 9,
      severityAfter: null,
    });
    expect((await regenerate({ maxRegenerations: 3 }, [9, 8, 7, 6, 6])).decision.attempts).toBe(4);
    expect((await regenerate({ maxRegenerations: 3 }, [9, 8, 2, 9, 9])).decision).toMatchObject({
      attempts: 3,
      severity: 9,
      severityAfter: 2,
    });
  });

  test('is told whole: the candidate, then each attempt with its own drift and unstable tokens', async () => {
    const { decision } = await regenerate({ maxRegenerations: 3, fraction: 0.2 }, [9, 8, 2]);
    expect(decision.reviews).toEqual(
      [9, 8, 2].map((severity) => ({ severity, drift: Array<number>(TOKENS).fill(severity), unstable: [0, 1] })),
    );
    expect((await regenerate({}, [3])).decision.reviews).toHaveLength(1);
    const watched = await regenerate({ maxRegenerations: 0 }, [9]);
    expect(watched.decision.reviews.map(({ severity }) => severity)).toEqual([9]);
  });

  test('what was accepted joins the statistics and is the next predecessor; the candidate does neither', async () => {
    const { policy, position } = await regenerate({}, [9, 3]);
    const next = latents(Array<number>(TOKENS).fill(position + 3 / 2 - 1 / 2)); // 1 away from what was accepted
    await policy.review(4, next);
    const decision = await policy.accept(4, next);
    expect(decision.mean).toBe(3); // of 2, 4, 3
    expect(decision.severity).toBeCloseTo(1, 12);
    expect(decision.triggered).toBe(false);
  });
});

describe('first-step check', () => {
  test('first predictions are compared with the accepted final latents of the block before', async () => {
    const policy = tokenTrim(patch, { check: 'first-step' });
    expect(policy.check).toBe('first-step');
    const shown = [0, 10, 20]; // first predictions
    const accepted = [1, 4, 6]; // final latents
    const severities: (number | null)[] = [];
    for (const block of [0, 1, 2]) {
      await policy.review(block, latents(Array<number>(TOKENS).fill(shown[block])));
      severities.push((await policy.accept(block, latents(Array<number>(TOKENS).fill(accepted[block])))).severity);
    }
    expect(severities).toEqual([null, 2 * (10 - 1), 2 * (20 - 4)]);
  });
});

test('any script of severities: an independent reading of Algorithm 1 decides the same', async () => {
  const scripts = fc.record({
    severities: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 14 }),
    again: fc.integer({ min: 1, max: 12 }),
    warmup: fc.integer({ min: 1, max: 3 }),
    sensitivity: fc.constantFrom(0, 0.5, 1, 2),
  });
  await fc.assert(
    fc.asyncProperty(scripts, async ({ severities, again, warmup, sensitivity }) => {
      const policy = tokenTrim(patch, { warmup, sensitivity });
      const accepted: number[] = [];
      let position = 0;
      await policy.accept(0, latents(Array<number>(TOKENS).fill(position)));
      for (const [index, severity] of severities.entries()) {
        const block = index + 1;
        const mean = accepted.reduce((sum, value) => sum + value, 0) / accepted.length;
        const std = Math.sqrt(accepted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / accepted.length);
        const margin = severity - (mean + sensitivity * std);
        fc.pre(!(Math.abs(margin) < 1e-9 && std > 0)); // equality up to rounding decides nothing
        const isAbnormal = block > warmup && margin > 0;

        const show = (value: number) => latents(Array<number>(TOKENS).fill(position + value / 2));
        const answer = await policy.review(block, show(severity));
        expect(answer.length > 0).toBe(isAbnormal);
        const final = isAbnormal ? again : severity;
        if (isAbnormal) expect(await policy.review(block, show(again))).toEqual([]);
        expect((await policy.accept(block, show(final))).triggered).toBe(isAbnormal);
        accepted.push(final);
        position += final / 2;
      }
    }),
    { numRuns: 40 },
  );
});

test('on the adapter: the same decisions, and one summary is all that is kept', async () => {
  const policy = tokenTrim(patch);
  const twin = tokenTrim(patch);
  const { liveStorages } = device.memory;
  for (const [block, values] of withSeverities([2, 4, 9, 1]).entries()) {
    const [shown, shownTwin] = [latents(values, 0.5, device), latents(values, 0.5)];
    expect(await policy.review(block, shown)).toEqual(await twin.review(block, shownTwin));
    const [decision, expected] = [await policy.accept(block, shown), await twin.accept(block, shownTwin)];
    expect(decision.unstable).toEqual(expected.unstable);
    // Drifts of up to 9 in float32. A wrong sum over frames or components is off by factors.
    expect(decision.severity ?? 0).toBeCloseTo(expected.severity ?? 0, 4);
    shown.dispose();
    expect(device.memory.liveStorages).toBe(liveStorages + 1);
  }
});
