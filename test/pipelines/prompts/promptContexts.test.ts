import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { prepareContext, type TextContext } from '../../../src/models/wan/crossAttention.js';
import { seededNoise } from '../../../src/pipelines/noise/noise.js';
import { promptContexts, promptRuns } from '../../../src/pipelines/prompts/promptContexts.js';
import { rollingForcing } from '../../../src/pipelines/rollingForcing.js';
import { disposeAll } from '../../../src/tensor/scope.js';
import { device } from '../../support/device.js';
import { runRollout, TINY_FRAME_SIZE, TINY_ROLLING_FORCING, tinyModel } from '../../support/tinyModel.js';
import { normal } from '../../support/twins.js';

vi.mock('../../../src/models/wan/crossAttention.js', { spy: true });

const tiny = await tinyModel(device, 81);
const { text_len: rows, text_dim: width } = tiny.model.config;
afterAll(() => tiny.dispose());
beforeEach(() => void vi.mocked(prepareContext).mockClear());

/** Prompts at the given frames, each of two rows. */
const prompts = (...frames: number[]) =>
  frames.map((firstFrame, index) => ({ firstFrame, embeds: normal(index + 1, 2 * width) }));

const valuesOf = async ({ layers }: TextContext) => {
  const values: number[][] = [];
  for (const { keys, values: own } of layers)
    values.push([...(await device.read(keys))], [...(await device.read(own))]);
  return values;
};

/** Tensors of one context: keys and values of each layer. */
const PER_CONTEXT = 2 * tiny.model.config.num_layers;

test('a context is that of the prompt, padded with zeros, and is prepared once', async () => {
  const { liveStorages } = device.memory;
  const contexts = promptContexts(tiny.model, prompts(0, 6));
  for (const [index, frames] of [
    [0, 3, 5],
    [6, 9, 300],
  ].entries()) {
    const padded = new Float32Array(rows * width);
    padded.set(prompts(0, 6)[index].embeds);
    const embeds = device.upload(padded, [rows, width]);
    const expected = prepareContext(tiny.model, embeds);
    const found = frames.map((frame) => contexts.at(frame));
    expect(await valuesOf(found[0])).toEqual(await valuesOf(expected));
    expect(found[1]).toBe(found[0]);
    expect(found[2]).toBe(found[0]);
    disposeAll([embeds, expected]);
  }
  expect(prepareContext).toHaveBeenCalledTimes(4);
  contexts.dispose();
  expect(device.memory.liveStorages).toBe(liveStorages);
});

describe('what is on the device', () => {
  test('Self Forcing: the prompt in use alone', () => {
    const { liveStorages } = device.memory;
    const contexts = promptContexts(tiny.model, prompts(0, 6, 9));
    for (const frame of [0, 3, 6, 9, 12]) {
      contexts.at(frame);
      expect(device.memory.liveStorages - liveStorages).toBe(PER_CONTEXT);
    }
    contexts.dispose();
  });

  test('a rolling window: the prompts of its blocks', async () => {
    const { liveStorages } = device.memory;
    const contexts = promptContexts(tiny.model, prompts(0, 6, 9), 6);
    const held: number[] = [];
    const noise = seededNoise(1, 21, TINY_FRAME_SIZE);
    const options = { ...TINY_ROLLING_FORCING, frames: 21 };
    const idle: number[] = [];
    await runRollout(rollingForcing(tiny.model, contexts.at, noise, options), (event) => {
      if (event.kind === 'step') held.push(vi.mocked(prepareContext).mock.calls.length);
      if (event.kind === 'block') idle.push(event.block);
    });
    // Windows begin at frames 0, 0, 0, 3, 6, 9, ...: the second prompt is prepared for the third, the last for the fourth.
    expect(held).toEqual([1, 1, 2, 3, 3, 3, 3, 3, 3]);
    expect(idle).toHaveLength(7);
    expect(device.memory.liveStorages - liveStorages).toBe(PER_CONTEXT);
    contexts.dispose();
    expect(device.memory.liveStorages).toBe(liveStorages);
  });

  test('a prompt that was freed is prepared again when a block of it is asked for', () => {
    const contexts = promptContexts(tiny.model, prompts(0, 6));
    contexts.at(6);
    contexts.at(0);
    contexts.at(6);
    contexts.at(0);
    expect(prepareContext).toHaveBeenCalledTimes(3);
    contexts.dispose();
  });
});

test('schedules and embeddings that cannot work are refused', () => {
  expect(() => promptContexts(tiny.model, [])).toThrow('a prompt schedule begins at frame 0');
  expect(() => promptContexts(tiny.model, prompts(3))).toThrow('a prompt schedule begins at frame 0');
  const long = promptContexts(tiny.model, [{ firstFrame: 0, embeds: new Float32Array((rows + 1) * width) }]);
  expect(() => long.at(0)).toThrow('prompt embeddings are at most 5 rows of 8, found 48 values');
});

test('promptRuns joins neighbouring blocks of one prompt', () => {
  const contexts: TextContext[] = [{ layers: [] }, { layers: [] }];
  const runs = promptRuns(6, 12, 3, (frame) => contexts[frame < 9 || frame >= 15 ? 0 : 1]);
  expect(runs).toEqual([
    { prompt: contexts[0], from: 0, count: 3 },
    { prompt: contexts[1], from: 3, count: 6 },
    { prompt: contexts[0], from: 9, count: 3 },
  ]);
  expect(promptRuns(0, 9, 3, () => contexts[1])).toEqual([{ prompt: contexts[1], from: 0, count: 9 }]);
});
