import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { adapterKind } from '../../src/tensor/gpu/adapterKind.js';
import { device, referenceDevice } from '../support/device.js';

const isCard =
  device.kind === 'gpu' &&
  adapterKind({ vendor: '', architecture: '', device: '', description: device.name, isFallbackAdapter: false }) ===
    'gpu';

test.each([
  ['the adapter under test', device, isCard],
  ['the reference device', referenceDevice, false],
])('%s: what a run may take is what the machine has left, and unknown of a graphics card', (_, opened, isUnknown) => {
  const available = opened.availableBytes?.();
  if (isUnknown) {
    expect(available).toBeUndefined();
  } else {
    expect(available).toBeGreaterThan(0);
    expect(available).toBeLessThanOrEqual(totalmem());
  }
});
