import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GenerateRequest, generate } from '../../src/node/generate.js';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import type { GenerateEvent } from '../../src/pipelines/stages.js';
import { device } from '../support/device.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const SMALL: GenerateRequest = {
  ...{ prompt: 'a red circle', width: 16, height: 16, frames: 33, steps: [1000] },
  ...{ promptCache: false, trim: false, decode: 'after' },
};

/** The kinds of a run's events in order, frames by their number; aborted at the first event that is `at`. */
async function abortedAt(at: (event: GenerateEvent) => boolean): Promise<string[]> {
  const controller = new AbortController();
  const seen: string[] = [];
  for await (const event of generate(device, folder, { ...SMALL, signal: controller.signal })) {
    seen.push(
      event.kind === 'frames' ? `${event.frames.length} frames` : event.kind === 'stage' ? event.stage : event.kind,
    );
    if (at(event)) controller.abort();
  }
  return seen;
}

test('a run that is aborted makes the pictures of the blocks that were finished', async () => {
  const blocks = ['step', 'review', 'cache', 'block', 'step', 'review', 'cache', 'block'];
  const frames = ['1 frames', ...Array(5).fill('4 frames')];
  const seen = await abortedAt((event) => event.kind === 'block' && event.block === 1);
  expect(seen).toEqual(['text', 'weights', 'rollout', ...blocks, 'decode', ...frames]);
});

test('one that is aborted while pictures are made stops at the next', async () => {
  const seen = await abortedAt((event) => event.kind === 'frames');
  expect(seen.slice(seen.indexOf('decode'))).toEqual(['decode', '1 frames']);
});

test('one that is aborted before a block is finished makes no picture', async () => {
  const seen = await abortedAt((event) => event.kind === 'step');
  expect(seen).toEqual(['text', 'weights', 'rollout', 'step']);
});
