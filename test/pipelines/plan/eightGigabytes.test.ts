import { expect, test } from 'vitest';
import { planMemory } from '../../../src/pipelines/plan/planMemory.js';
import { NO_FEATURES } from '../../../src/tensor/device.js';
import { FormTable } from '../../../src/tensor/formTable.js';
import { PlanningDevice } from '../../../src/tensor/planningDevice.js';
import { emptyModel } from '../../support/emptyModel.js';

/** A card of 8 GB has less than that for a run. */
const ALLOWED = 7.5e9;

test.each(['self-forcing', 'rolling-forcing'] as const)(
  '%s: 81 frames of 832x480 fit a card of 8 GB, all in the window, with a cache in 8 bits',
  async (preset) => {
    const card = new PlanningDevice({
      name: 'a card',
      features: NO_FEATURES,
      forms: new FormTable(),
      maxTensorBytes: 2 ** 31,
      maxBindingBytes: 2 ** 27,
    });
    const size = { width: 832, height: 480, frames: 81 };
    const window = preset === 'self-forcing' ? { window: 21 } : {};
    const request = { prompt: 'a red circle', preset, kvDtype: 'i8', ...size, ...window } as const;
    const planned = await planMemory(card, await emptyModel(), request, ALLOWED);
    expect(planned.decode).toBe('after');
    expect(planned.peakBytes).toBeLessThan(ALLOWED);
    // Not by much: a plan that counts no weights (2.8 GB) or no keys (3.1 GB) would be below this.
    expect(planned.peakBytes).toBeGreaterThan(6e9);
  },
);
