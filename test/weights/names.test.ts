import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectPart, stripPrefixes, withOfficialNames } from '../../src/weights/names.js';
import { officialName, type Part } from '../../src/weights/officialNames.js';
import { modelLike, partTensors } from '../../src/weights/synthesize/models.js';
import { memorySource } from './memorySource.js';

interface Row {
  part: Part;
  official: string;
  hf: string;
  shape: number[];
}

// Every tensor of Wan2.1-T2V-1.3B under both names, from the official module trees and diffusers' own conversion.
const PARTS: Record<string, Part> = { dit: 'transformer', vae: 'vae', t5: 'text-encoder' };
const ROWS: Row[] = gunzipSync(readFileSync(new URL('./fixtures/key-mapping.tsv.gz', import.meta.url)))
  .toString('utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'))
  .map(([part, official, hf, shape]) => ({ part: PARTS[part], official, hf, shape: shape.split('x').map(Number) }));

const rowsOf = (part: Part) => ROWS.filter((row) => row.part === part);
const EACH_PART: readonly Part[] = ['transformer', 'vae', 'text-encoder'];

describe('names', () => {
  it('renames all 1261 tensors of Wan2.1-1.3B', () => {
    expect(ROWS.length).toBe(1261);
    const wrong = ROWS.filter(({ part, official, hf }) => officialName(part, hf) !== official);
    expect(wrong).toEqual([]);
  });

  it.each(EACH_PART)('expects those tensors of the %s, with their shapes, of that configuration', async (part) => {
    const expected = new Map(rowsOf(part).map(({ official, shape }) => [official, shape]));
    expect(partTensors(part, await modelLike('wan2.1-1.3b'))).toEqual(expected);
  });

  it.each(EACH_PART)('recognises the %s by either naming, under any wrapper', (part) => {
    const prefixes = fc.constantFrom(
      '',
      'model.',
      'model.diffusion_model.',
      'diffusion_model.',
      'model._fsdp_wrapped_module.',
      '_orig_mod._checkpoint_wrapped_module.',
    );
    fc.assert(
      fc.property(prefixes, fc.constantFrom('official', 'hf'), (prefix, naming) => {
        const rows = rowsOf(part);
        const source = memorySource(rows.map((row) => [prefix + row[naming as 'official' | 'hf'], row.shape]));
        expect(detectPart(source)).toEqual({ part, naming });
        expect(withOfficialNames(source).names()).toEqual(rows.map((row) => row.official));
      }),
      { numRuns: 12 },
    );
  });

  it('reads the tensor that the official name stands for', async () => {
    const view = withOfficialNames(memorySource(rowsOf('transformer').map((row) => [`model.${row.hf}`, row.shape])));
    expect(new TextDecoder().decode(await view.read('blocks.3.norm3.bias'))).toBe('model.blocks.3.norm2.bias');
    expect(view.info('head.modulation').shape).toEqual([1, 2, 1536]);
    expect(() => view.info('scale_shift_table')).toThrow(/no tensor "scale_shift_table" among its 825/);
  });

  it('strips wrappers wherever they stand, but only whole names', () => {
    expect(stripPrefixes('model._fsdp_wrapped_module.blocks.0._checkpoint_wrapped_module.norm3.bias')).toBe(
      'blocks.0.norm3.bias',
    );
    expect(stripPrefixes('_orig_mod.model.head.modulation')).toBe('head.modulation');
    expect(stripPrefixes('remodel.head.modulation')).toBe('remodel.head.modulation');
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
    expect(() => withOfficialNames(memorySource([['lora_A', [1]]]), 'vae')).toThrow(/a Wan2.1 vae, found "lora_A"/);
    const twice = memorySource([
      ['model.head.modulation', [1]],
      ['head.modulation', [1]],
    ]);
    expect(() => withOfficialNames(twice)).toThrow(/both "model.head.modulation" and "head.modulation"/);
  });
});
