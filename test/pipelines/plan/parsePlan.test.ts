import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelFolder, openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { checkPlan, parsePlan } from '../../../src/pipelines/plan/parsePlan.js';
import type { DraftPlan, Plan } from '../../../src/pipelines/plan/plan.js';
import { settleMemory } from '../../../src/pipelines/plan/planMemory.js';
import { planRun } from '../../../src/pipelines/plan/planRun.js';
import type { GenerateRequest } from '../../../src/pipelines/plan/request.js';
import { runPlan } from '../../../src/pipelines/stages.js';
import { device } from '../../support/device.js';

let folder: ModelFolder;
beforeAll(async () => {
  folder = await openModelFolder(toyWorld);
});
afterAll(() => folder.close());

const SMALL = { prompt: 'a red circle', width: 16, height: 16, frames: 33, steps: [1000], seed: 7 } as const;
const SCHEDULE = { text: '0: a red circle\n13: a blue square' };
const REQUESTS: [string, GenerateRequest][] = [
  ['self-forcing', { ...SMALL, trim: { warmup: 1, sensitivity: 0.5 } }],
  [
    'self-forcing without TokenTrim, decoded after, in 16 bits',
    { ...SMALL, trim: false, decode: 'after', dtype: 'f16' },
  ],
  [
    'rolling-forcing, prompts over time',
    { ...SMALL, prompt: undefined, schedule: SCHEDULE, preset: 'rolling-forcing' },
  ],
  ['a picture', { ...SMALL, given: { kind: 'image', available: 1 }, pictures: blank }],
  ['wan', { ...SMALL, preset: 'wan', steps: [2], frames: 9 }],
  ['wan without guidance', { ...SMALL, preset: 'wan', steps: [2], frames: 9, guidance: 1 }],
];

async function* blank() {
  yield new Float32Array(16 * 16 * 3);
}

/** Latents and pictures of a plan's run, byte for byte. */
async function made(plan: Plan, { pictures }: GenerateRequest): Promise<(number[] | string)[]> {
  const found: (number[] | string)[] = [];
  for await (const event of runPlan(device, folder, plan, { pictures })) {
    if (event.kind === 'block') found.push([...(await device.read(event.latents))]);
    if (event.kind === 'frames') found.push(...event.frames.map(({ rgba }) => Buffer.from(rgba).toString('base64')));
  }
  return found;
}

const sent = (plan: DraftPlan) => parsePlan(JSON.parse(JSON.stringify(plan)), 'plan.json');

describe('a plan', () => {
  test.each(REQUESTS)('%s: sent as JSON makes the same bytes', async (_, request) => {
    const { plan } = await settleMemory(device, folder, await planRun(folder, request));
    const read = sent(plan);
    expect(read).toEqual(plan);
    expect(await checkPlan(folder, read, 'plan.json')).toBeUndefined();
    const whole = await made(plan, request);
    expect(whole.length).toBeGreaterThan(5);
    expect(await made(read as Plan, request)).toEqual(whole);
  });

  test('holds what decides the video', async () => {
    const plan = await planRun(folder, { ...SMALL, trim: { warmup: 1 }, fps: 8 });
    expect(plan).toMatchObject({
      version: 1,
      program: expect.stringMatching(/^tokentrim \d+\.\d+\.\d+$/),
      prompts: [{ prompt: 'a red circle', firstFrame: 0, pixelFrame: 0 }],
      noise: { seed: '7' },
      trim: { fraction: 0.1, sensitivity: 2, warmup: 1, maxRegenerations: 1, check: 'final' },
      types: { transformer: 'f16', vae: 'f16', textEncoder: 'f16', keys: 'f16' },
      fps: 8,
      model: { name: folder.config.name },
    });
    for (const digest of Object.values(plan.model.digests)) expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(plan).not.toHaveProperty('decode'); // memory decides
  });

  test('edited by hand in one number is another run', async () => {
    const { plan } = await settleMemory(device, folder, await planRun(folder, SMALL));
    const edited = sent({ ...plan, noise: { seed: '8' } });
    await checkPlan(folder, edited, 'plan.json');
    expect(await made(edited as Plan, {})).not.toEqual(await made(plan, {}));
  });
});

describe('what is refused', () => {
  const edited = async (change: object, request: GenerateRequest = SMALL) => {
    const plan = await planRun(folder, request);
    return checkPlan(folder, sent({ ...plan, ...change } as DraftPlan), 'plan.json');
  };

  test.each<[string, object, string]>([
    ['another version', { version: 2 }, 'plan.json: this is a plan of version 2, and this program runs version 1'],
    ['a field that there is not', { widnow: 3 }, 'unknown option `widnow` in the plan plan.json'],
    [
      'a number that is none',
      { window: 'all' },
      '`window` of the plan plan.json must be a whole number of 1 or more, found "all"',
    ],
    [
      'a size that is changed by half',
      { pixel: { width: 32, height: 16 } },
      '`pixel` of 32x16 has `latent` of 4x2, found 2x2',
    ],
    ['a size off the grid', { pixel: { width: 20, height: 16 } }, 'the width must be a multiple of 16'],
    ['fewer latent frames than are shown', { frames: 3 }, '3 latent frames make 9 pictures, and `shown` asks for 33'],
    ['frames that are no blocks', { frames: 10 }, '10 latent frames to generate do not split into blocks of 3'],
    ['a window that holds no block', { window: 2 }, 'the window of 2 latent frames must hold a block of 3'],
    ['steps that rise', { steps: [500, 1000] }, 'denoising steps must fall'],
    ['frames for years', { frames: 3e12 }, 'and a run makes 2000000 at most'],
    ['a seed of a book', { noise: { seed: '9'.repeat(1e6) } }, 'a whole number of 1000 digits at most, found 1000000'],
    ['a seed that is none', { noise: { seed: 'x' } }, 'seed: expected a whole number, found "x"'],
    [
      'half of the parameters',
      { trim: { warmup: 1 } },
      "`trim` has all of TokenTrim's parameters, found none for fraction",
    ],
    ['an empty prompt', { prompts: [{ prompt: ' ', pixelFrame: 0, firstFrame: 0 }] }, 'the prompt is empty'],
    ['no prompt', { prompts: [] }, 'the first of `prompts` begins at frame 0'],
    [
      'a prompt in the middle of a block',
      { prompts: [0, 4].map((firstFrame) => ({ prompt: 'a', pixelFrame: firstFrame, firstFrame })) },
      'no block for a prompt begins at latent frame 4',
    ],
    ['a negative prompt for a method without', { negativePrompt: 'a' }, 'self-forcing takes no `negativePrompt`'],
  ])('%s', async (_, change, message) => {
    await expect(edited(change)).rejects.toThrow(message);
  });

  test('of wan: TokenTrim, several prompts, guidance without its prompt', async () => {
    const wan = { ...SMALL, preset: 'wan', steps: [2], frames: 9 } as const;
    await expect(edited({ guidance: 1 }, wan)).rejects.toThrow(
      'a `negativePrompt` belongs to a `guidance` other than 1',
    );
    await expect(edited({ window: 3 }, wan)).rejects.toThrow('unknown option `window`');
    await expect(edited({ decode: 'during' }, wan)).rejects.toThrow('`decode` is "after"');
  });

  test.each<[unknown, string]>([
    [null, 'expected a plan, as `planRun` makes it, found null'],
    [[], 'found []'],
    [{ frames: 3 }, 'found an object'],
    [
      { version: 1, preset: 'wan2' },
      '`preset` of the plan plan.json must be one of self-forcing, rolling-forcing, wan',
    ],
  ])('%j, which is no plan', (data, message) => {
    expect(() => parsePlan(data, 'plan.json')).toThrow(message);
  });

  test('a model that is not the one of the plan, with its parts', async () => {
    const plan = await planRun(folder, SMALL);
    const name = 'blocks.0.self_attn.q.weight';
    const { transformer } = folder;
    const read = async (asked: string) => {
      const bytes = Uint8Array.from(await transformer.read(asked));
      if (asked === name) bytes[bytes.length >> 1] ^= 1;
      return bytes;
    };
    const changed = { ...folder, transformer: Object.assign(Object.create(transformer), { read }) };
    changed.transformer.names = () => transformer.names();
    changed.transformer.info = (asked: string) => transformer.info(asked);
    await expect(checkPlan(changed, plan, 'plan.json')).rejects.toThrow(
      'the transformer is not what the plan was made with',
    );
    const config = {
      ...folder.config,
      vae: { ...folder.config.vae, latents_mean: [...folder.config.vae.latents_mean].reverse() },
    };
    const [first] = folder.config.vae.latents_mean;
    config.vae.latents_mean[0] = first + 1;
    await expect(checkPlan({ ...folder, config }, plan, 'plan.json')).rejects.toThrow('the VAE is not what');
  });

  test('inputs that a plan speaks of and are not there', async () => {
    const own = await planRun(folder, { ...SMALL, noise: async () => ({}) as never });
    const run = async (plan: DraftPlan) => {
      for await (const _ of runPlan(device, folder, { ...plan, decode: 'after' })) return;
    };
    await expect(run(own)).rejects.toThrow('made for noise that is not of a seed');
    await expect(run({ ...own, noise: { seed: '1' }, trim: 'own' })).rejects.toThrow('made for a policy of its own');
    const given = await planRun(folder, REQUESTS[3][1]);
    await expect(run(given)).rejects.toThrow('needs the pictures');
  });
});

test('a plan of another version of the program runs, with a note', async () => {
  const plan = await planRun(folder, SMALL);
  const note = await checkPlan(folder, { ...plan, program: 'tokentrim 0.0.1' }, 'plan.json');
  expect(note).toMatch(/plan\.json was made by tokentrim 0\.0\.1, and this is tokentrim \d/);
});
