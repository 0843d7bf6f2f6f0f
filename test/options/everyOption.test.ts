import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as library from '../../src/index.js';
import { referenceDevice as device } from '../support/device.js';
import { MemorySource } from '../support/memorySource.js';
import { TINY_ROLLING_FORCING, TINY_SELF_FORCING, type TinyModel, tinyModel } from '../support/tinyModel.js';

let folder: library.ModelFolder;
let tiny: TinyModel;
beforeAll(async () => {
  folder = await library.openModelFolder(library.toyWorld);
  tiny = await tinyModel(device);
});
afterAll(async () => {
  tiny.dispose();
  await folder.close();
});

/** What a JavaScript program may give: anything. */
// biome-ignore lint/suspicious/noExplicitAny: as its author has no compiler to tell
type Any = any;

const noise = { initial: async () => new Float32Array(0), renoise: async () => new Float32Array(0) };
const wan = { latent: { height: 6, width: 10 }, frames: 1, steps: 2, solver: 'unipc', shift: 8, guidance: 1 };
const cache = { layers: 1, dim: 4, tokensPerFrame: 3, capacity: 4, sink: 1 };
const first = async (events: AsyncGenerator<unknown>) => void (await events.next());

/** Every function that takes options, called with one more or another one. */
const CALLS: Readonly<Record<string, (options: Any) => unknown>> = {
  generate: (options) => first(library.generate(device, folder, { prompt: 'a', frames: 1, ...options })),
  planRollout: (options) => library.planRollout(folder.config, options),
  planMemory: (options) => library.planMemory(device, folder, { prompt: 'a', frames: 1, ...options }),
  tokenTrim: (options) => library.tokenTrim({ height: 2, width: 2 }, options),
  selfForcing: (options) =>
    first(library.selfForcing(tiny.model, tiny.context, noise, { ...TINY_SELF_FORCING, ...options })),
  rollingForcing: (options) =>
    first(library.rollingForcing(tiny.model, tiny.context, noise, { ...TINY_ROLLING_FORCING, ...options })),
  wanSampling: (options) =>
    first(library.wanSampling(tiny.model, { positive: tiny.context }, noise, { ...wan, ...options } as Any)),
  KvCache: (options) => new library.KvCache(device, { ...cache, ...options }),
  openDevice: (options) => library.openDevice({ adapter: 'reference', ...options }),
  openModelFolder: (options) => library.openModelFolder(library.toyWorld, options),
  openFrameSink: (options) => library.openFrameSink('/nowhere/a.mp4', { width: 16, height: 16, fps: 16 }, options),
  convertWeights: (options) => library.convertWeights('/nowhere/a', '/nowhere/b', options),
  tuneKernels: (options) => library.tuneKernels(device, options),
  createVaeStream: (options) => library.createVaeStream({} as Any, options),
  createTinyVaeStream: (options) => library.createTinyVaeStream({} as Any, options),
  createTinyVaeEncodeStream: (options) => library.createTinyVaeEncodeStream({} as Any, options),
  decodeLatents: (options) => first(library.decodeLatents(device, folder, {} as Any, options)),
  createVaeEncodeStream: (options) => library.createVaeEncodeStream({} as Any, options),
  loadTransformer: (options) =>
    library.loadTransformer(device, folder.transformer, folder.config.transformer, {
      weights: 'f32',
      keys: 'f32',
      ...options,
    }),
  runCase: (options) => library.runCase('/nowhere', device, undefined, { weights: 'f32', keys: 'f32', ...options }),
};

const refusal = async (call: () => unknown): Promise<string> => {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(library.TokenTrimError);
    return (error as Error).message;
  }
  return 'nothing';
};

test.each(Object.keys(CALLS))('%s refuses an option that it does not know', async (name) => {
  expect(await refusal(() => CALLS[name]({ nosuch: undefined }))).toMatch(
    new RegExp(`^unknown option \`nosuch\` in ${name}: options are \\w+`),
  );
});

describe('what is wrong is named', () => {
  test.each<[keyof typeof CALLS, object, string]>([
    ['generate', { prompt: 5 }, '`prompt` of generate must be text, found 5'],
    [
      'generate',
      { trim: { fracton: 0.2 } },
      'unknown option `fracton` in trim: did you mean `fraction`? options are fr',
    ],
    ['generate', { trim: { fraction: 2 } }, 'TokenTrim: the pruned fraction must be above 0 and at most 1, found 2'],
    ['generate', { trim: { fraction: '0.1' } }, 'at most 1, found "0.1"'],
    [
      'generate',
      { trim: true },
      "`trim` of generate must be TokenTrim's parameters, or false for the baseline, found true",
    ],
    ['generate', { trim: null }, 'found null'],
    ['generate', { promt: 'a' }, 'unknown option `promt` in generate: did you mean `prompt`?'],
    ['generate', { negative_prompt: 'a' }, 'did you mean `negativePrompt`?'],
    ['generate', { frames: '9' }, '`frames` of generate must be a number, found "9"'],
    ['generate', { frames: 9.5 }, 'a video has a whole number of frames, 1 or more, found 9.5'],
    ['generate', { width: Number.NaN }, 'the width must be a multiple of 16 pixels'],
    ['generate', { preset: 'self_forcing' }, '`preset` of generate must be one of self-forcing, rolling-forcing, wan'],
    ['generate', { steps: 4 }, '`steps` of generate must be a list of timesteps such as [1000, 750, 500, 250]'],
    ['generate', { steps: [1000, 'a'] }, '`steps[1]` of generate must be a number, found "a"'],
    ['generate', { window: 9.5 }, '`window` of generate must be a whole number of 1 or more, found 9.5'],
    ['generate', { contextNoise: -1 }, '`contextNoise` of generate must be a timestep from 0 to 1000, found -1'],
    ['generate', { seed: {} }, '`seed` of generate must be a whole number, or text of one, found an object (Object)'],
    ['generate', { seed: 1.5 }, 'seed: expected a whole number, found "1.5"'],
    ['generate', { dtype: 'fp16' }, '`dtype` of generate must be one of f32, bf16, f16, found "fp16"'],
    ['generate', { maxBlocks: 0 }, '`maxBlocks` of generate must be a whole number of 1 or more, found 0'],
    ['generate', { noise: noise }, '`noise` of generate must be a function, found an object (Object)'],
    ['generate', { signal: new AbortController() }, '`signal` of generate must be the signal of an AbortController'],
    ['generate', { schedule: { txt: '0: a' } }, 'unknown option `txt` in schedule: did you mean `text`?'],
    ['generate', { given: { kind: 'gif', available: 1 } }, '`given.kind` of generate must be one of image, video'],
    ['planRollout', { framesperblock: 3 }, 'did you mean `framesPerBlock`?'],
    ['tokenTrim', { sensitivity: Infinity }, 'TokenTrim: the sensitivity must be a finite number, found Infinity'],
    ['selfForcing', { latent: { height: 7, width: 10 } }, 'latent frames of 7x10 do not split into patches of 2x2'],
    ['selfForcing', { initialLatents: [1] }, '`initialLatents` of selfForcing must be a tensor, found [1]'],
    ['rollingForcing', { independentFirstFrame: true }, 'unknown option `independentFirstFrame` in rollingForcing'],
    ['wanSampling', { guidance: Number.NaN }, '`guidance` of wanSampling must be a scale of 0 or more'],
    ['KvCache', { capacity: undefined }, '`capacity` of KvCache must be a whole number of 1 or more, found nothing'],
    ['KvCache', { type: 'f16' }, 'unknown option `type` in KvCache: did you mean `dtype`?'],
    ['openDevice', { adaptor: 'gpu' }, 'unknown option `adaptor` in openDevice: did you mean `adapter`?'],
    ['openModelFolder', { checkpiont: 'a' }, 'did you mean `checkpoint`?'],
    ['openFrameSink', { from: { frames: 8 } }, '`from` of openFrameSink must be the mark of an output'],
    ['convertWeights', { dtype: 'fp8' }, '`dtype` of convertWeights must be one of f32, bf16, f16, keep, found "fp8"'],
    ['tuneKernels', { measure: true }, '`measure` of tuneKernels must be one of asked, all, none, found true'],
    ['createVaeStream', { splitBytes: -1 }, '`splitBytes` of createVaeStream must be a number of bytes, 0 or more'],
  ])('%s %o', async (name, options, message) => {
    expect(await refusal(() => CALLS[name](options))).toContain(message);
  });
});

test('what is undefined is absent', async () => {
  const absent = Object.fromEntries(['fraction', 'sensitivity', 'check', 'warmup'].map((name) => [name, undefined]));
  expect(library.tokenTrim({ height: 2, width: 2 }, absent).check).toBe('final');
  const { frames } = library.planRollout(folder.config, { frames: 9, preset: undefined, given: undefined });
  expect(frames).toBe(3);
});

test('a plan is what a rollout takes, and a request for a run what a plan is made of', async () => {
  const request = { prompt: 'a', seed: 3, trim: { warmup: 1 }, frames: 9, width: 16, height: 16 };
  const plan = library.planRollout(folder.config, request);
  expect(plan.frames).toBe(3);
  // The plan is for another model, which is refused where its noise is uploaded, and not for its options.
  const message = await refusal(() => CALLS.selfForcing({ ...plan, initialLatents: undefined }));
  expect(message).not.toContain('option');
});

test.each<[string, () => unknown, string]>([
  ['openModelFolder', () => library.openModelFolder(5 as Any), 'the folder must be text, found 5'],
  ['openFrameSink', () => library.openFrameSink(undefined as Any, {} as Any), 'the output must be text, found nothing'],
  ['convertWeights', () => library.convertWeights('a', {} as Any), 'what is written must be text, found an object'],
  [
    'generate',
    () => first(library.generate(device, folder, undefined as Any)),
    'must be an object of options (preset,',
  ],
  ['generate', () => first(library.generate(device, folder, 'a circle' as Any)), 'found "a circle"'],
  [
    'seededNoise',
    () => library.seededNoise(1, Number.NaN, 16),
    'frames must be a whole number of 1 or more, found NaN',
  ],
  ['seededNoise', () => library.seededNoise(1, 3, 1.5), 'frameSize must be a whole number of 1 or more, found 1.5'],
  ['seededNoise', () => library.seededNoise('1x', 3, 16), 'seed: expected a whole number, found "1x"'],
  ['fileNoise', () => library.fileNoise(new MemorySource({}), [1], -1), 'frames must be a whole number of 1 or more'],
  [
    'planMemory',
    () => library.planMemory(device, folder, { prompt: 'a' }, Number.NaN),
    'the bytes allowed must be a whole number of 1 or more, found NaN',
  ],
  [
    'loadVaeDecoder',
    () => library.loadVaeDecoder(device, folder.vae, folder.config.vae, 'half' as Any),
    'weights are held in one of f32, bf16, f16, found "half"',
  ],
])('%s refuses an argument out of range', async (_, call, message) => {
  expect(await refusal(call)).toContain(message);
});
