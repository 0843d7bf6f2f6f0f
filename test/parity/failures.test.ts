import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { runCase } from '../../src/parity/runCase.js';
import { referenceDevice } from '../support/device.js';
import { runFixture } from '../support/goldens.js';

// What an adapter cannot run shows where a tensor is read. Models show their parts to taps, which start reads and cannot
// wait for them: each of those may fail before anybody asks for it, and Node ends the process for one that nobody handles.

// A spy of vitest would handle the rejections of what it returns, so methods are replaced by hand.
const read = referenceDevice.read.bind(referenceDevice);
const launch = referenceDevice.launch.bind(referenceDevice);

const unhandled: unknown[] = [];
const note = (reason: unknown) => {
  unhandled.push(reason);
};

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});

afterEach(() => {
  process.off('unhandledRejection', note);
  Object.assign(referenceDevice, { read, launch });
});

/** Every read from the `first` one on fails; tells whether there has been one. */
function failReads(first: number): () => boolean {
  let reads = 0;
  referenceDevice.read = async (tensor) => {
    if (reads++ < first) return read(tensor);
    throw new TokenTrimError(`adapter: kernel attention does not compile (read ${reads - 1})`);
  };
  return () => reads > first;
}

async function failureOf(name: string): Promise<Error> {
  const error = await runFixture(name, referenceDevice).catch((thrown: unknown) => thrown);
  await setImmediate(); // Node looks for rejections without a handler between two turns of its loop
  expect(unhandled).toEqual([]);
  expect(error).toBeInstanceOf(TokenTrimError);
  return error as Error;
}

test.each([
  ['dit-bidirectional', 0],
  ['dit-bidirectional', 2], // the first part that a tap was shown
  ['dit-bidirectional', 7],
  ['dit-causal-kv-local', 4],
  ['schedulers', 3],
  ['self-forcing-rollout-i2v', 2],
  ['umt5', 1],
  ['vae-cached-decode', 1],
  ['vae-decode', 0],
  ['vae-decode', 2],
  ['vae-encode', 0],
  ['vae-encode', 1],
  ['wan-t2v-sampling', 2],
])('%s: read %i and those after it fail', async (name, first) => {
  failReads(first);
  const { message } = await failureOf(name);
  expect(message).toContain(`${name}: adapter: kernel attention does not compile (read ${first})`);
});

test.each([
  ['dit-bidirectional', 2],
  ['vae-decode', 0],
  ['vae-encode', 0],
])('%s: the model itself fails while a read that failed is waiting', async (name, first) => {
  const hasFailed = failReads(first);
  referenceDevice.launch = (call) => {
    if (!hasFailed()) return launch(call);
    throw new TokenTrimError('adapter: the device was lost');
  };
  expect((await failureOf(name)).message).toContain(`${name}: adapter: the device was lost`);
});

test('a case that fails leaves the device to the next one', async () => {
  failReads(2);
  await failureOf('dit-bidirectional');
  referenceDevice.read = read;
  expect((await runFixture('torch-randn', referenceDevice)).passed).toBe(true);
  await expect(runCase('nowhere', referenceDevice)).rejects.toThrow(/^nowhere: not a parity case/);
});
