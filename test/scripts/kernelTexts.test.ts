import { expect, test } from 'vitest';
import * as onDisk from '../../src/node/kernelTexts.js';

// Made by the setup of the tests; the path is no literal, so that a type check does without the file.
const path = new URL('../../src/web/kernelTexts.ts', import.meta.url).pathname;
const inModule: typeof onDisk = await import(/* @vite-ignore */ path);

test('pages get the WGSL that Node reads, all of it', () => {
  expect(inModule.kernelNames()).toEqual(onDisk.kernelNames());
  for (const name of onDisk.kernelNames()) expect(inModule.kernelText(name)).toBe(onDisk.kernelText(name));
});

test('a kernel that there is not is an error', () => {
  expect(() => inModule.kernelText('linear.fast')).toThrow('there is no kernel linear.fast');
});
