import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectPart } from '../../../src/models/wan/checkpoint/detection.js';
import { bareNames, findStructure } from '../../../src/models/wan/checkpoint/structure.js';
import { withOfficialNames } from '../../../src/models/wan/checkpoint/withOfficialNames.js';
import { memorySource } from '../../weights/memorySource.js';
import { EACH_PART, ROWS, rowsOf } from './mappingRows.js';

describe('withOfficialNames', () => {
  it.each(EACH_PART)('recognises the %s by either naming, under any wrapper', (part) => {
    const prefixes = fc.oneof(
      fc.constantFrom('', 'model.', 'model.diffusion_model.', 'module.', 'base_model.model.', 'generator.model.'),
      fc.constantFrom('dit.', 'pipe.dit.', '_orig_mod._checkpoint_wrapped_module.', 'transformer.', 'text_encoders.x.'),
      fc
        .array(fc.stringMatching(/^[a-z_]{1,12}$/), { maxLength: 4 })
        .map((names) => names.map((n) => `w_${n}.`).join('')),
    );
    fc.assert(
      fc.property(prefixes, fc.constantFrom('official', 'hf'), (prefix, naming) => {
        const rows = rowsOf(part);
        const source = memorySource(rows.map((row) => [prefix + row[naming as 'official' | 'hf'], row.shape]));
        expect(detectPart(source)).toEqual({ part, naming });
        expect(withOfficialNames(source).names()).toEqual(rows.map((row) => row.official));
      }),
      { numRuns: 25 },
    );
  });

  it('reads the tensor that the official name stands for', async () => {
    const view = withOfficialNames(memorySource(rowsOf('transformer').map((row) => [`model.${row.hf}`, row.shape])));
    expect(new TextDecoder().decode(await view.read('blocks.3.norm3.bias'))).toBe('model.blocks.3.norm2.bias');
    expect(view.info('head.modulation').shape).toEqual([1, 2, 1536]);
    expect(() => view.info('scale_shift_table')).toThrow(/no tensor "scale_shift_table" among its 825/);
  });

  it.each(EACH_PART)('finds wrappers inside the %s by structure: of all blocks, of some modules', (part) => {
    const naming = fc.constantFrom('official', 'hf') as fc.Arbitrary<'official' | 'hf'>;
    const cuts = fc.array(fc.record({ module: fc.nat(5000), wrapper: fc.stringMatching(/^w_[a-z]{1,8}$/) }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(naming, cuts, fc.boolean(), (by, chosen, isBlock) => {
        const rows = rowsOf(part);
        let names = rows.map((row) => row[by]);
        // Into each chosen module, all its tensors behind one more name; a module is a name without its last part.
        for (const { module, wrapper } of chosen) {
          const whole = names[module % names.length].split('.').slice(0, -1).join('.');
          names = names.map((name) =>
            name.startsWith(`${whole}.`) ? `${whole}.${wrapper}.${name.slice(whole.length + 1)}` : name,
          );
        }
        if (isBlock) names = names.map((name) => name.replace(/^((?:encoder\.)?blocks?\.\d+)\./, '$1.module.'));
        const source = memorySource(rows.map((row, index) => [names[index], row.shape]));
        expect(detectPart(source)).toEqual({ part, naming: by });
        expect(withOfficialNames(source).names()).toEqual(rows.map((row) => row.official));
      }),
      { numRuns: 25 },
    );
  });

  it('takes a part out of a file with a whole pipeline, whichever is asked for', () => {
    const prefixes = {
      transformer: 'model.diffusion_model.',
      vae: 'vae.',
      'text-encoder': 'text_encoders.umt5xxl.transformer.',
    };
    const all = ROWS.map(
      (row) => [prefixes[row.part] + (row.part === 'text-encoder' ? row.hf : row.official), row.shape] as const,
    );
    const source = memorySource([...all, ['clip_vision.visual.conv1.weight', [8]]]);
    for (const part of EACH_PART) {
      expect(withOfficialNames(source, part).names()).toEqual(rowsOf(part).map((row) => row.official));
    }
    expect(findStructure(source.names())).toMatchObject({
      part: 'transformer',
      wrappers: ['model.diffusion_model.'],
      beside: ['vae.', 'text_encoders.', 'clip_vision.'],
    });
  });

  it('takes the averaged weights of a training checkpoint whose sections are in its names', () => {
    const names = (prefix: string) => rowsOf('transformer').map(({ official }) => prefix + official);
    const of = (...prefixes: string[]) => findStructure(prefixes.flatMap(names));
    const found = of('generator.model.', 'critic.model.', 'generator_ema.model.');
    expect(found).toMatchObject({ wrappers: ['generator_ema.model.'], beside: ['generator.', 'critic.'] });
    expect(found?.names.size).toBe(825);
    expect(of('critic.', 'generator.')).toMatchObject({ wrappers: ['generator.'], beside: ['critic.'] });
    const two = memorySource(['a.', 'b.'].flatMap(names).map((name) => [name, [1]]));
    expect(() => withOfficialNames(two)).toThrow(/both "a.patch_embedding.weight" and "b.patch_embedding.weight"/);
  });

  it('names each wrapper once', () => {
    const names = rowsOf('transformer').map(
      ({ official }) => `model.net.${official.replace(/^(blocks\.\d+)/, '$1._orig_mod')}`,
    );
    expect(findStructure(names)?.wrappers).toEqual(['model.net.', '_orig_mod.']);
    expect([...bareNames(memorySource(names.map((name) => [name, [1]]))).values()]).toEqual(
      rowsOf('transformer').map((row) => row.official),
    );
  });

  it('does not take adapters, or parts of other models, for wrapped tensors', () => {
    const rows = rowsOf('transformer').map((row) => [row.official, row.shape] as const);
    const lora = rows
      .filter(([name]) => name.endsWith('attn.q.weight'))
      .flatMap(([name]) =>
        ['lora_A', 'lora_B'].map((side) => [name.replace('weight', `${side}.weight`), [8, 8]] as const),
      );
    expect(findStructure(lora.map(([name]) => name))).toBeUndefined();
    const peft = rows.map(
      ([name, shape]) => [name.replace(/attn\.q\.(weight|bias)$/, 'attn.q.base_layer.$1'), shape] as const,
    );
    expect(() => withOfficialNames(memorySource([...peft, ...lora]))).toThrow(
      /a transformer with a LoRA that is not merged/,
    );
    const clip = ['token_embedding.weight', 'position_embedding.weight'].map((name) => `text_model.embeddings.${name}`);
    expect(findStructure(clip)).toBeUndefined();
    const extra = memorySource([...rows, ['control.blocks.0.self_attn.q.weight', [8, 8]]]);
    expect(() => withOfficialNames(extra)).toThrow(/both "blocks.0.self_attn.q.weight" and "control.blocks.0/);
  });

  it('knows a part that lacks its mark by all the rest', () => {
    const names = rowsOf('transformer')
      .map((row) => row.official)
      .filter((name) => name !== 'head.modulation');
    expect(findStructure(names)).toMatchObject({ part: 'transformer', naming: 'official' });
  });

  it('leaves out the tokenizer and the second name of the embedding', () => {
    const rows = rowsOf('text-encoder').map((row) => [row.hf, row.shape] as const);
    const extra = [
      ['spiece_model', [4548313]],
      ['encoder.embed_tokens.weight', [256384, 4096]],
    ] as const;
    const view = withOfficialNames(memorySource([...extra, ...rows]));
    expect(view.names()).toEqual(rowsOf('text-encoder').map((row) => row.official));
  });

  it.each([
    'img_emb.proj.0.weight',
    'blocks.0.cross_attn.k_img.weight',
    'blocks.0.cross_attn.norm_k_img.weight',
    'blocks.0.attn2.add_k_proj.weight',
    'condition_embedder.image_embedder.norm1.weight',
    'vace_blocks.0.norm3.bias',
    'model.diffusion_model.vace_patch_embedding.weight',
  ])('refuses an image-to-video or VACE checkpoint by %s', (name) => {
    const source = memorySource([
      ['head.modulation', [1, 2, 8]],
      [name, [8]],
    ]);
    expect(() => withOfficialNames(source)).toThrow(/this is an image-to-video or VACE checkpoint/);
  });

  it('refuses another part, an unknown file and one tensor saved twice', () => {
    const vae = memorySource([['decoder.middle.0.residual.0.gamma', [8, 1, 1, 1]]]);
    expect(() => withOfficialNames(vae, 'transformer')).toThrow(
      /expected the tensors of a Wan2.1 transformer, found those of a vae/,
    );
    expect(() => withOfficialNames(memorySource([['other', [1]]]), 'vae')).toThrow(
      /a Wan2.1 vae, found tensors that it does not have: "other"/,
    );
    expect(() => withOfficialNames(memorySource([['q.lora_A', [1]]]), 'vae')).toThrow(
      /found a LoRA. It changes a model/,
    );
    const twice = memorySource([
      ['model.head.modulation', [1]],
      ['head.modulation', [1]],
    ]);
    expect(() => withOfficialNames(twice)).toThrow(/both "model.head.modulation" and "head.modulation"/);
  });
});
