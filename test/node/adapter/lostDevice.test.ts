import { expect, test } from 'vitest';
import { ADVICE } from '../../../src/node/adapter/openGpuDevice.js';
import { lostError } from '../../../src/tensor/gpu/requestDevice.js';

test.each([
  ['', 'its driver gives no reason'],
  ['VK_ERROR_DEVICE_LOST\n at queue', 'VK_ERROR_DEVICE_LOST'],
])('a lost device has a reason: %j', (message, reason) => {
  const { message: said } = lostError('card', message, ADVICE.lost);
  expect(said).toContain(`its device is lost: ${reason}. The usual causes are too little memory`);
  expect(said).toContain('--adapter swiftshader');
});
