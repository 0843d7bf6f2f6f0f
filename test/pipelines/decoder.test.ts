import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasFullVae, type Model } from '../../src/models/wan/model.js';
import type { TinyVae } from '../../src/models/wan/tinyVae/openTinyVae.js';
import { type ModelFolder, openModelFolder } from '../../src/node/model/modelFolder.js';
import { toyWorld } from '../../src/node/model/toyWorld.js';
import { inspectPath } from '../../src/node/weights/inspect.js';
import { writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import { generate } from '../../src/pipelines/generate.js';
import { decodeLatents } from '../../src/pipelines/pictures/decodeLatents.js';
import { checkPlan, parsePlan } from '../../src/pipelines/plan/parsePlan.js';
import type { Plan } from '../../src/pipelines/plan/plan.js';
import { settleMemory } from '../../src/pipelines/plan/planMemory.js';
import { planRun } from '../../src/pipelines/plan/planRun.js';
import type { GenerateRequest } from '../../src/pipelines/plan/request.js';
import { runPlan } from '../../src/pipelines/stages.js';
import { tinyVaeWeights } from '../models/tinyVae/plainTinyVae.js';
import { device } from '../support/device.js';
import { writeTorch } from '../support/publishedLayouts.js';
import { tensorsIn } from '../support/tensorsIn.js';
import { temporaryFolder } from '../weights/temporary.js';

/** A tiny VAE with random weights, 24, 16, 8 and 8 wide; its latents are 16 channels, as the toy world's are. */
const TINY = 'test/fixtures/parity/tiny-vae/weights.safetensors';
const SMALL = { prompt: 'a red circle', width: 16, height: 16, frames: 17, steps: [1000], trim: false } as const;

let plain: ModelFolder;
let both: ModelFolder;
beforeAll(async () => {
  plain = await openModelFolder(toyWorld);
  both = await openModelFolder(toyWorld, { vae: TINY });
});
afterAll(async () => {
  await plain.close();
  await both.close();
});

const planOf = async (model: Model, request: GenerateRequest): Promise<Plan> =>
  (await settleMemory(device, model, await planRun(model, request))).plan;

/** What a run makes, byte for byte. */
async function made(model: Model, plan: Plan, inputs: object = {}) {
  const latents: number[] = [];
  const pictures: string[] = [];
  const notes: string[] = [];
  for await (const event of runPlan(device, model, plan, inputs)) {
    if (event.kind === 'note') notes.push(event.note);
    if (event.kind === 'block') latents.push(...(await device.read(event.latents)));
    if (event.kind === 'frames') pictures.push(...event.frames.map(({ rgba }) => Buffer.from(rgba).toString('base64')));
  }
  return { latents, pictures, notes };
}

describe('a tiny VAE that was named', () => {
  test('is told by its tensors, decodes, and leaves latents as they are', async () => {
    expect(both.parts.map(({ part }) => part)).toEqual(['transformer', 'vae', 'tiny-vae', 'text-encoder', 'tokenizer']);
    expect(both.parts[2].recognised).toBe('tiny VAE (TAEHV), 24, 16, 8, 8 wide, 16 latent channels');
    const plan = await planOf(both, SMALL);
    expect(plan).toMatchObject({ decoder: 'tiny', types: { tinyVae: 'f16' } });
    const [tiny, full] = [await made(both, plan), await made(plain, await planOf(plain, SMALL))];
    expect(tiny.latents).toEqual(full.latents);
    expect(tiny.pictures).toHaveLength(17);
    expect(tiny.pictures).not.toEqual(full.pictures);
  });

  test('is passed over where the full one is asked for: plan and pictures are those without it', async () => {
    const plan = await planOf(both, { ...SMALL, decoder: 'full' });
    expect(plan).toEqual(await planOf(plain, SMALL));
  });

  test('makes the same bytes during the rollout, after it, of a plan sent as JSON, and at once', async () => {
    const plan = await planOf(both, { ...SMALL, decode: 'during' });
    const { latents, pictures } = await made(both, plan);
    const sent = parsePlan(JSON.parse(JSON.stringify(plan)), 'plan.json') as Plan;
    expect(sent).toEqual(plan);
    expect(await checkPlan(both, sent, 'plan.json')).toBeUndefined();
    expect((await made(both, { ...sent, decode: 'after' })).pictures).toEqual(pictures);
    const all = device.upload(Float32Array.from(latents), [latents.length / 64, 16, 2, 2]);
    const atOnce: string[] = [];
    for await (const { rgba } of decodeLatents(device, both, all)) atOnce.push(Buffer.from(rgba).toString('base64'));
    all.dispose();
    expect(atOnce.slice(0, 17)).toEqual(pictures);
  });

  test('shows a preview while the full one comes after', async () => {
    const plan = await planRun(both, { ...SMALL, preview: true });
    expect(plan).toMatchObject({ decode: 'after' });
    expect(plan).not.toHaveProperty('decoder');
    const kinds: string[] = [];
    const preview: string[] = [];
    for await (const event of generate(device, both, { ...SMALL, preview: true })) {
      if (event.kind === 'preview')
        preview.push(...event.frames.map(({ rgba }) => Buffer.from(rgba).toString('base64')));
      const isCall = ['step', 'review', 'cache'].includes(event.kind);
      if (!isCall && kinds.at(-1) !== event.kind) kinds.push(event.kind);
    }
    expect(kinds).toEqual(['stage', 'preview', 'block', 'preview', 'block', 'stage', 'frames']);
    expect(preview).toEqual((await made(both, await planOf(both, SMALL))).pictures);
    await expect(generate(device, plain, { ...SMALL, preview: true }).next()).rejects.toThrow('there is no tiny VAE');
  });

  test('is refused where it is not there, or is another', async () => {
    await expect(planRun(plain, { ...SMALL, decoder: 'tiny' })).rejects.toThrow(
      'there is no tiny VAE for `decoder` tiny',
    );
    const plan = await planRun(both, SMALL);
    await expect(checkPlan(plain, plan, 'plan.json')).rejects.toThrow(
      'the tiny VAE is not what the plan was made with',
    );
    const { tinyVae: _, ...digests } = plan.model.digests;
    const without = { ...plan, model: { ...plan.model, digests } };
    await expect(checkPlan(both, without, 'plan.json')).rejects.toThrow("needs the tiny VAE's digest and type");
  });
});

describe('a tiny VAE alone', () => {
  test('decodes, and encodes what is given, and that is said', async () => {
    const folder = await temporaryFolder();
    for (const name of ['transformer.safetensors', 'text_encoder.safetensors', 'tokenizer.json', 'config.json']) {
      await cp(join(toyWorld, name), join(folder, name));
    }
    const published = both.tinyVae as TinyVae;
    await writeTorch(join(folder, 'taew2_1.pth'), await tensorsIn(TINY)); // as it was first published
    const model = await openModelFolder(folder);
    expect(model.tinyVae?.config).toEqual(published.config);
    expect(hasFullVae(model)).toBe(false);
    const pictures = async function* () {
      yield new Float32Array(16 * 16 * 3);
    };
    const request: GenerateRequest = { ...SMALL, given: { kind: 'image', available: 1 }, pictures };
    const { notes, pictures: frames } = await made(model, await planOf(model, request), { pictures });
    expect(notes).toEqual(['note: there is only a tiny VAE, which encodes what was given']);
    expect(frames).toHaveLength(17);
    await expect(planRun(model, { ...SMALL, decoder: 'full' })).rejects.toThrow('there is only a tiny VAE');
    await model.close();
  });

  test('of other latents is refused', async () => {
    const folder = await temporaryFolder();
    await cp(toyWorld, folder, { recursive: true });
    const { weights } = tinyVaeWeights({ ...(both.tinyVae as TinyVae).config, latent_channels: 12 }, 1);
    const other = join(folder, 'taew2_1_other.safetensors');
    const data = [...weights].map(([name, { shape, values }]) => {
      return [name, { dtype: 'F32', shape, data: new Uint8Array(values.buffer) }] as const;
    });
    await writeSafetensors(other, new Map(data));
    await expect(openModelFolder(folder, { vae: other })).rejects.toThrow(
      "is a tiny VAE of 12 latent channels of 8x8 pixels and 4 pictures, and this model's latents are 16 latent channels",
    );
    // Where nobody named it, it is left alone, as a damaged one is.
    for (const damaged of [false, true]) {
      if (damaged) await writeFile(other, 'damaged');
      const model = await openModelFolder(folder);
      expect(model.tinyVae).toBeUndefined();
      expect(model.parts.map(({ part }) => part)).not.toContain('tiny-vae');
      await model.close();
    }
  });
});

test('a tiny VAE beside the model decodes only where that is asked for', async () => {
  const folder = await temporaryFolder();
  await cp(toyWorld, folder, { recursive: true });
  await cp(TINY, join(folder, 'taew2_1.safetensors'));
  const model = await openModelFolder(folder);
  expect(model.tinyVae?.config.decoder_widths).toEqual([24, 16, 8, 8]);
  expect(await planOf(model, SMALL)).not.toHaveProperty('decoder');
  for await (const event of generate(device, model, { ...SMALL, decoder: 'tiny' })) {
    if (event.kind === 'stage') expect(event.plan.decoder).toBe('tiny');
  }
  await model.close();
  const [found] = await inspectPath(join(folder, 'taew2_1.safetensors'));
  expect(found).toMatchObject({ part: 'tiny-vae', check: { missing: [], unexpected: [], wrongShape: [] } });
  expect(found).not.toHaveProperty('problem');
});
