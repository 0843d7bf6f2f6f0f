import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ensureTensors } from '../../../src/models/wan/checkpoint/checkTensors.js';
import { completeConfig } from '../../../src/models/wan/checkpoint/completeConfig.js';
import { ensureDepth } from '../../../src/models/wan/checkpoint/depth.js';
import {
  textEncoderTensors,
  transformerTensors,
  vaeDecoderTensors,
  vaeEncoderTensors,
} from '../../../src/models/wan/checkpoint/expectedTensors.js';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { inspectPath } from '../../../src/node/weights/inspect.js';
import { writeSafetensors } from '../../../src/node/weights/writeSafetensors.js';
import { modelLike } from '../../../src/synthesize/models.js';
import { hfNamed, type Tensors, toyTensors } from '../../support/publishedLayouts.js';
import { memorySource } from '../../weights/memorySource.js';
import { temporaryFolder } from '../../weights/temporary.js';

const TOY = await modelLike('toy');
const short = (tensors: Tensors, pattern: RegExp) => new Map([...tensors].filter(([name]) => !pattern.test(name)));

/** A checkpoint of its own folder, and what its config.json says. */
async function checkpointWith(tensors: Tensors, config?: unknown): Promise<string> {
  const folder = await temporaryFolder();
  const path = join(folder, 'model.safetensors');
  await writeSafetensors(path, tensors);
  if (config) await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  return path;
}

describe('a transformer short of its last blocks', () => {
  it.each([
    ['this program', TOY],
    ['Wan2.1', { _class_name: 'WanModel', dim: 128, num_layers: 6, num_heads: 4 }],
    ['diffusers', { num_attention_heads: 4, attention_head_dim: 32, num_layers: 6 }],
  ])('is refused by the config.json beside it: of %s', async (_of, config) => {
    const tensors = await toyTensors('transformer');
    const last = short(tensors, /^blocks\.5\./);
    for (const cut of [last, hfNamed('transformer', last)]) {
      const checkpoint = await checkpointWith(cut, config);
      const message =
        /expected 6 blocks in this transformer, as .*config.json says, found 5: 1 of its blocks are missing/;
      await expect(openModelFolder(toyWorld, { checkpoint })).rejects.toThrow(message);
      expect(await inspectPath(checkpoint)).toMatchObject([{ problem: expect.stringMatching(message) }]);
    }
    const whole = await openModelFolder(toyWorld, { checkpoint: await checkpointWith(tensors, config) });
    await whole.close();
  });

  it('is refused by the config.json of the folder that it is used with, and runs where its own says so', async () => {
    const tensors = short(await toyTensors('transformer'), /^blocks\.[45]\./);
    const alone = await checkpointWith(tensors);
    await expect(openModelFolder(toyWorld, { checkpoint: alone })).rejects.toThrow(
      /as .*toy-world.config.json says, found 4: 2 of its blocks are missing.*\{"transformer": \{"num_layers": 4\}\}/,
    );
    const meant = await checkpointWith(tensors, { transformer: { num_layers: 4 } });
    const model = await openModelFolder(toyWorld, { checkpoint: meant });
    expect(model.config.transformer).toMatchObject({ num_layers: 4, num_heads: 4, text_len: 32 });
    await model.close();
  });

  it('is refused in the middle, and with more than belong to it', async () => {
    const tensors = await toyTensors('transformer');
    const hole = await checkpointWith(short(tensors, /^blocks\.2\./), TOY);
    await expect(openModelFolder(toyWorld, { checkpoint: hole })).rejects.toThrow(/found 5/);
    const more = new Map(tensors);
    for (const [name, tensor] of tensors) if (name.startsWith('blocks.5.')) more.set(name.replace('5', '6'), tensor);
    await expect(openModelFolder(toyWorld, { checkpoint: await checkpointWith(more, TOY) })).rejects.toThrow(
      /expected 6 blocks .* found 7: it has more than belong to it/,
    );
  });

  it('a text encoder too, in a folder of its own', async () => {
    const tensors = short(hfNamed('text-encoder', await toyTensors('text-encoder')), /^encoder\.block\.1\./);
    const textEncoder = await checkpointWith(tensors, { model_type: 'umt5', d_model: 64, num_layers: 2 });
    await expect(openModelFolder(toyWorld, { textEncoder })).rejects.toThrow(/expected 2 layers in this text-encoder/);
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'text_encoder'));
    await writeSafetensors(join(folder, 'text_encoder', 'model.safetensors'), tensors);
    await writeFile(join(folder, 'text_encoder', 'config.json'), JSON.stringify({ d_model: 64, num_layers: 2 }));
    const inspected = await inspectPath(join(folder, 'text_encoder', 'model.safetensors'));
    expect(inspected).toMatchObject([{ problem: expect.stringMatching(/found 1: 1 of its layers are missing/) }]);
  });

  it('is known by the published models where no config.json speaks', () => {
    const of = (part: 'transformer' | 'text-encoder', dim: number, num_layers: number) => () =>
      ensureDepth(part, { dim, num_layers }, [], 'model');
    expect(of('transformer', 1536, 29)).toThrow(
      /expected 30 blocks .* as published transformers of width 1536 have, found 29/,
    );
    expect(of('transformer', 5120, 39)).toThrow(/expected 40/);
    expect(of('text-encoder', 4096, 23)).toThrow(/expected 24 layers/);
    for (const fine of [of('transformer', 1536, 30), of('transformer', 128, 5), of('text-encoder', 4096, 24)]) fine();
  });
});

it('no tensor of a model can be missing', async () => {
  const parts = {
    transformer: transformerTensors(TOY.transformer),
    vae: new Map([...vaeDecoderTensors(TOY.vae), ...vaeEncoderTensors(TOY.vae)]),
    'text-encoder': textEncoderTensors(TOY.text_encoder),
  };
  type Name = keyof typeof parts;
  const open = async (changed?: Name, gone: ReadonlySet<string> = new Set()) => {
    const part = (name: Name) => {
      const tensors = [...parts[name]].filter(([tensor]) => name !== changed || !gone.has(tensor));
      return { tensors: memorySource(tensors), isForeign: true };
    };
    const opened = { transformer: part('transformer'), vae: part('vae'), 'text-encoder': part('text-encoder') };
    const config = await completeConfig({ label: 'config.json', config: { ...TOY } }, 'toy', opened);
    ensureTensors('transformer', config.transformer, opened.transformer.tensors);
    ensureTensors('vae', config.vae, opened.vae.tensors);
    ensureTensors('text-encoder', config.text_encoder, opened['text-encoder'].tensors);
  };
  await open();
  const choice = fc
    .constantFrom(...(Object.keys(parts) as Name[]))
    .chain((name) => fc.tuple(fc.constant(name), fc.subarray([...parts[name].keys()], { minLength: 1 })));
  const ofOnePlace = fc.constantFrom(...(Object.keys(parts) as Name[])).chain((name) => {
    const places = new Set(
      [...parts[name].keys()].flatMap((tensor) =>
        tensor.split('.').map((_, at, all) => all.slice(0, at + 1).join('.')),
      ),
    );
    const within = (place: string) =>
      [...parts[name].keys()].filter((tensor) => tensor === place || tensor.startsWith(`${place}.`));
    return fc.tuple(fc.constant(name), fc.constantFrom(...places).map(within));
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(choice, ofOnePlace), async ([name, gone]) => {
      // A VAE without its encoder is whole: pictures are not what it is given.
      const isDecoderOnly =
        name === 'vae' && [...vaeEncoderTensors(TOY.vae).keys()].every((tensor) => gone.includes(tensor));
      fc.pre(!isDecoderOnly);
      await expect(open(name, new Set(gone))).rejects.toThrow(/missing|expected|wrong shape|does not describe/);
    }),
    { numRuns: 150 },
  );
});
