import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkMemory } from '../../src/pipelines/checkMemory.js';
import { generate } from '../../src/pipelines/generate.js';
import { type PlanRequest, planRollout } from '../../src/pipelines/plan.js';
import type { KernelCall } from '../../src/tensor/device.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { type ModelFolder, openModelFolder } from '../../src/weights/modelFolder.js';
import { toyWorld } from '../../src/weights/toyWorld.js';
import { device } from '../support/device.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const check = (request: PlanRequest, maxTensorBytes: number) => () =>
  checkMemory({ kind: 'gpu', name: 'a card', maxTensorBytes }, folder.config, planRollout(folder.config, request));

test('the largest tensor of a generation is known before it runs', async () => {
  const request = { frames: 9, width: 64, height: 32, steps: [1000, 500] };
  let largest = 0;
  const launch = device.launch.bind(device);
  device.launch = (call: KernelCall) => {
    const output = launch(call);
    if (!(call.output instanceof Tensor)) largest = Math.max(largest, 4 * output.size);
    return output;
  };
  for await (const event of generate(device, folder, { ...request, prompt: 'a red circle' })) void event;
  device.launch = launch;
  expect(check(request, largest)).not.toThrow();
  expect(check(request, largest - 1)).toThrow('decoding 4 pictures of 64x32 in the VAE');
});

test('a large window is refused for its cache, a large picture for its tokens', () => {
  const mebibyte = 2 ** 20;
  // 300 latent frames of 16 tokens of 128 numbers; the pictures take 0.75 MiB.
  const long = { frames: 1197, window: 300 };
  expect(check(long, mebibyte)).toThrow("a layer's keys in the KV cache (300 latent frames) takes 3 MiB");
  expect(check(long, 3 * mebibyte)).not.toThrow();
  // A rolling window of five blocks: 15 latent frames of 16 tokens of 512 numbers, and a cache of 24 and 3 more.
  const rolling = { preset: 'rolling-forcing', frames: 117 } as const;
  expect(check(rolling, 0.7 * mebibyte)).toThrow('decoding 4 pictures');
  expect(check({ ...rolling, window: 99, frames: 597 }, 0.7 * mebibyte)).toThrow('(105 latent frames)');
});

test('the processor cannot hold more than the machine has', () => {
  const plan = planRollout(folder.config, { width: 1_000_000, height: 1_000_000 });
  const reference = { kind: 'reference', name: 'reference', maxTensorBytes: Number.MAX_SAFE_INTEGER } as const;
  expect(() => checkMemory(reference, folder.config, plan)).toThrow('this machine has');
});
