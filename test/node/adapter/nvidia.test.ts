import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nvidiaAdvice } from '../../../src/node/adapter/nvidia.js';
import { routeEnvironment } from '../../../src/node/adapter/route.js';
import { imageDriverFiles } from '../../../src/node/adapter/vulkanDrivers.js';

/** What the loader said on a machine with the driver and without libglvnd. */
const STARTS_NOT =
  "loader_scanned_icd_add: Could not get 'vkCreateInstance' via 'vk_icdGetInstanceProcAddr' for ICD libGLX_nvidia.so.0";

test('a driver that does not start: names the libraries that are missing, and their packages', () => {
  const advice = nvidiaAdvice([STARTS_NOT], (library) => library.startsWith('libX'));
  expect(advice).toContain('libGLX_nvidia.so.0 does not start without libGLdispatch.so.0, libEGL.so.1, libGLX.so.0');
  expect(advice).toContain('apt-get install libglvnd0 libegl1 libglx0 ');
});

test('a driver that does not start although nothing is missing', () => {
  expect(nvidiaAdvice([STARTS_NOT], () => true)).toContain("compare its version with nvidia-smi's");
});

test('no driver', () => {
  const advice = nvidiaAdvice(['no Vulkan driver file is installed'], () => false);
  expect(advice).toContain('NVIDIA_DRIVER_CAPABILITIES=all');
});

test('drivers where images put them are found and handed to the loader beside its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrim-drivers-'));
  try {
    writeFileSync(join(folder, 'nvidia_icd.json'), '{}');
    writeFileSync(join(folder, 'notes.txt'), '');
    const files = imageDriverFiles(folder);
    expect(files).toEqual([join(folder, 'nvidia_icd.json')]);
    expect(imageDriverFiles(join(folder, 'nowhere'))).toEqual([]);
    const variables = routeEnvironment({ name: 'system', addedDriverFiles: files.join(':') });
    expect(variables).toEqual({ VK_ADD_DRIVER_FILES: join(folder, 'nvidia_icd.json') });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
