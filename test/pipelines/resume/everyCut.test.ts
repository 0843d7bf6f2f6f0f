import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { trimPolicy } from '../../../src/tokentrim/trimPolicy.js';
import { PRESETS } from '../../properties/presets.js';
import { Killed, MemoryState } from '../../support/memoryState.js';
import { casesOf, disposeModels, EAGER, PATCH, runProcess } from '../../support/resumedRollouts.js';

// A run that is cut anywhere and gone on with is the run that was never cut: to the bit. Every cut, which takes minutes; some
// are in rollouts.test.ts.

afterAll(disposeModels);

describe.each(PRESETS)('$preset', ({ run, options }) => {
  test.each(casesOf(run, options))('%s, cut after any event', async (name, each) => {
    let events = 0;
    const whole = await runProcess(each, new MemoryState(), (_, count) => {
      events = count + 1;
      return false;
    });
    const isMeantToTrigger = !['the baseline', 'adaptive'].includes(name);
    if (isMeantToTrigger) expect(whole?.decisions.some((decision) => decision?.triggered)).toBe(true);
    for (let cut = 0; cut < events; cut += name === 'tokentrim' ? 1 : 4) {
      const store = new MemoryState();
      await runProcess(each, store, (_, count) => count === cut);
      expect(await runProcess(each, store), `cut after event ${cut}`).toEqual(whole);
    }
  });

  const each = { run, options, policy: () => trimPolicy(PATCH, EAGER, 4) };

  test('killed at any write, which is left torn: again and again', async () => {
    const whole = await runProcess(each, new MemoryState());
    const counted = new MemoryState();
    await runProcess(each, counted);
    const kills = fc.record({
      operations: fc.array(fc.integer({ min: 1, max: counted.operations }), { minLength: 1, maxLength: 3 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      isTorn: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(kills, async ({ operations, share, isTorn }) => {
        const store = new MemoryState();
        for (const operation of operations) {
          store.last = { operation: store.operations + operation, share, isTorn };
          await runProcess(each, store).catch((error) => {
            if (!(error instanceof Killed)) throw error;
          });
        }
        store.last = undefined;
        // What names the run is written first: torn, nothing else is there, and the run begins.
        expect(await runProcess(each, store)).toEqual(whole);
      }),
      { numRuns: 12 },
    );
  });
});
