import { expect, test } from 'vitest';
import * as onDisk from '../../src/node/kernelTexts.js';
import * as inModule from '../../src/web/kernelTexts.js'; // made by the setup of the tests

test('pages get the WGSL that Node reads, line for line, all of it but comments', () => {
  const code = (text: string) => text.split('\n').map((line) => line.split('//')[0].trimEnd());
  expect(inModule.kernelNames()).toEqual(onDisk.kernelNames());
  for (const name of onDisk.kernelNames()) {
    expect(inModule.kernelText(name).split('\n')).toEqual(code(onDisk.kernelText(name)));
  }
});

test('a kernel that there is not is an error', () => {
  expect(() => inModule.kernelText('linear.fast')).toThrow('there is no kernel linear.fast');
});
