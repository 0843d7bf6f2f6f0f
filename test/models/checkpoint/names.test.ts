import { describe, expect, it } from 'vitest';
import { hfName, type Network, namePatterns, officialName } from '../../../src/models/wan/checkpoint/names.js';
import { modelLike, partTensors } from '../../../src/synthesize/models.js';
import { EACH_PART, ROWS, rowsOf } from './mappingRows.js';

describe('names', () => {
  it('knows all 1261 tensors of Wan2.1-1.3B by either name', () => {
    expect(ROWS.length).toBe(1261);
    expect(ROWS.filter(({ part, official, hf }) => officialName(part, hf) !== official)).toEqual([]);
    expect(ROWS.filter(({ part, official, hf }) => hfName(part, official) !== hf)).toEqual([]);
  });

  it.each(EACH_PART)('has patterns for the tensors of the %s, and hardly any others', (part) => {
    const open = (name: string) => name.replace(/(?<=^|\.)\d+(?=\.|$)/g, '#');
    const patterns = (naming: 'official' | 'hf') => new Set(namePatterns(part, naming).map(open));
    const expected = (naming: 'official' | 'hf') => new Set(rowsOf(part).map((row) => open(row[naming])));
    // What the table allows and Wan2.1-1.3B does not have.
    const official = [...patterns('official')].filter((name) => !expected('official').has(name));
    const hf = [...patterns('hf')].filter((name) => !expected('hf').has(name));
    const shortcuts = (module: string) =>
      ['encoder', 'decoder'].flatMap((half) => ['weight', 'bias'].map((name) => `${half}.${module}.${name}`));
    expect(official).toEqual(part === 'vae' ? shortcuts('middle.#.shortcut') : []);
    expect(hf).toEqual(
      {
        transformer: [],
        vae: shortcuts('mid_block.resnets.#.conv_shortcut'),
        'text-encoder': ['encoder.embed_tokens.weight'],
      }[part],
    );
    expect([...expected('official')].filter((name) => !patterns('official').has(name))).toEqual([]);
    expect([...expected('hf')].filter((name) => !patterns('hf').has(name))).toEqual([]);
  });

  it.each(EACH_PART)('expects those tensors of the %s, with their shapes, of that configuration', async (part) => {
    const expected = new Map(rowsOf(part).map(({ official, shape }) => [official, shape]));
    expect(partTensors(part, await modelLike('wan2.1-1.3b'))).toEqual(expected);
  });

  it('leaves what follows a module as it is, and what it does not know', () => {
    expect(officialName('transformer', 'blocks.29.attn2.to_out.0.scale_weight')).toBe(
      'blocks.29.cross_attn.o.scale_weight',
    );
    expect(hfName('transformer', 'blocks.29.cross_attn.o.scale_weight')).toBe('blocks.29.attn2.to_out.0.scale_weight');
    expect(officialName('text-encoder', 'encoder.embed_tokens.weight')).toBe('token_embedding.weight');
    for (const rename of [officialName, hfName]) {
      expect(rename('transformer', 'blocks.x.other.weight')).toBe('blocks.x.other.weight');
      expect(rename('vae', 'spiece_model')).toBe('spiece_model');
    }
  });

  // From the published index files.
  it.each<[Network, string, string]>([
    ['transformer', 'blocks.7.norm3.weight', 'blocks.7.norm2.weight'],
    ['transformer', 'blocks.7.self_attn.o.bias', 'blocks.7.attn1.to_out.0.bias'],
    ['transformer', 'head.modulation', 'scale_shift_table'],
    ['transformer', 'time_projection.1.weight', 'condition_embedder.time_proj.weight'],
    ['vae', 'decoder.upsamples.7.time_conv.weight', 'decoder.up_blocks.1.upsamplers.0.time_conv.weight'],
    ['vae', 'decoder.upsamples.14.residual.6.bias', 'decoder.up_blocks.3.resnets.2.conv2.bias'],
    ['vae', 'encoder.downsamples.3.shortcut.weight', 'encoder.down_blocks.3.conv_shortcut.weight'],
    ['vae', 'conv2.weight', 'post_quant_conv.weight'],
    ['text-encoder', 'blocks.3.ffn.gate.0.weight', 'encoder.block.3.layer.1.DenseReluDense.wi_0.weight'],
    ['text-encoder', 'norm.weight', 'encoder.final_layer_norm.weight'],
  ])('%s %s', (part, official, published) => expect(hfName(part, official)).toBe(published));
});
