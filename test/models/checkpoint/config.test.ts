import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import { detectConfig } from '../../../src/models/wan/checkpoint/detectConfig.js';
import {
  textEncoderTensors,
  transformerTensors,
  vaeDecoderTensors,
} from '../../../src/models/wan/checkpoint/expectedTensors.js';
import {
  type ModelConfig,
  modelSchema,
  parseConfig,
  textEncoderSchema,
  transformerSchema,
  vaeSchema,
} from '../../../src/models/wan/config.js';
import { LATENT_STATISTICS, SAMPLING_DEFAULTS } from '../../../src/models/wan/wanDefaults.js';
import { memorySource } from '../../weights/memorySource.js';

const TOY = JSON.parse(
  readFileSync(new URL('../../../weights/toy-world/config.json', import.meta.url), 'utf8'),
) as ModelConfig;

describe('configuration', () => {
  it('has schemas that say no more and no less than its types', () => {
    expectTypeOf<z.output<typeof modelSchema>>().toExtend<ModelConfig>();
    expectTypeOf<ModelConfig['transformer']>().toExtend<z.output<typeof transformerSchema>>();
    expectTypeOf<ModelConfig['vae']>().toExtend<z.output<typeof vaeSchema>>();
    expectTypeOf<ModelConfig['text_encoder']>().toExtend<z.output<typeof textEncoderSchema>>();
    expectTypeOf<ModelConfig['sampling']>().toExtend<z.output<typeof modelSchema>['sampling']>();
  });

  it('accepts the toy world as it is', () => {
    expect(parseConfig(modelSchema, TOY, 'toy')).toEqual(TOY);
  });

  it('is derived from the tensors, but for what no tensor shows', () => {
    const { text_len, num_heads, ...shown } = TOY.transformer;
    const transformer = detectConfig('transformer', memorySource(transformerTensors(TOY.transformer)));
    expect(transformer).toMatchObject(shown);
    expect([text_len, num_heads, transformer.text_len, transformer.num_heads]).toEqual([32, 4, 512, 1]);
    const vae = detectConfig('vae', memorySource(vaeDecoderTensors(TOY.vae)));
    expect(vae).toEqual({ ...TOY.vae, ...LATENT_STATISTICS });
    expect(detectConfig('text-encoder', memorySource(textEncoderTensors(TOY.text_encoder)))).toEqual(TOY.text_encoder);
  });

  it('is derived for other depths and widths', () => {
    const vae = { ...TOY.vae, dim: 6, dim_mult: [1, 3, 2], num_res_blocks: 1, temperal_downsample: [true, false] };
    const { latents_mean, latents_std, ...shape } = vae;
    expect([latents_mean.length, latents_std.length]).toEqual([16, 16]);
    expect(detectConfig('vae', memorySource(vaeDecoderTensors(vae)))).toMatchObject(shape);
    const large = { ...TOY.transformer, dim: 1536, num_layers: 30 };
    expect(detectConfig('transformer', memorySource(transformerTensors(large)))).toMatchObject({
      num_heads: 12,
      num_layers: 30,
    });
  });

  it('asks for the heads where the official width does not divide', () => {
    const narrow = detectConfig('transformer', memorySource(transformerTensors({ ...TOY.transformer, dim: 96 })));
    expect(() => parseConfig(transformerSchema, narrow, 'narrow')).toThrow(
      /num_heads: missing, and the weights do not show it: give it in config.json/,
    );
  });

  it('names the tensor that it misses', () => {
    const source = memorySource([['patch_embedding.weight', [8, 16, 1, 2]]]);
    expect(() => detectConfig('transformer', source)).toThrow(
      /"patch_embedding.weight" to have 5 axes, found shape \[8,16,1,2\]/,
    );
    expect(() => detectConfig('vae', source)).toThrow(/"decoder.conv1.weight" is missing/);
  });

  it.each([
    ['heads that do not divide', { num_heads: 3 }, /dim 128 must be a multiple of num_heads 3/],
    ['an odd head width', { num_heads: 128 }, /the head width 1 .* must be even/],
    ['an odd time embedding', { freq_dim: 63 }, /freq_dim 63 must be even/],
    ['temporal patches', { patch_size: [2, 2, 2] }, /one latent frame, found 2/],
    ['image-to-video inputs', { in_dim: 36 }, /in_dim 36 must equal out_dim 16/],
    ['another model', { model_type: 'i2v' }, /only text-to-video/],
    ['no query norm', { qk_norm: false }, /normalised queries and keys/],
    ['a fraction', { num_layers: 1.5 }, /num_layers: .*int/],
    ['a negative number', { ffn_dim: -1 }, /ffn_dim: .*>0/],
    ['an endless model', { num_layers: 1e9 }, /num_layers: .*1000/],
    ['text', { dim: '128' }, /dim: .*expected number/],
  ])('refuses a transformer with %s', (_why, change, message) => {
    expect(() => parseConfig(transformerSchema, { ...TOY.transformer, ...change }, 'config.json')).toThrow(message);
  });

  it.each([
    ['too few means', { latents_mean: [0] }, /latents_mean needs z_dim = 16 numbers, found 1/],
    ['a zero deviation', { latents_std: TOY.vae.latents_std.map(() => 0) }, /latents_std.0: .*>0/],
    ['too few stages', { temperal_downsample: [true] }, /temperal_downsample needs 3 entries/],
    ['attention between blocks', { attn_scales: [0.5] }, /attn_scales.* not supported/],
    ['odd widths', { dim: 3, dim_mult: [1, 1, 1, 1] }, /must be even/],
  ])('refuses a VAE with %s', (_why, change, message) => {
    expect(() => parseConfig(vaeSchema, { ...TOY.vae, ...change }, 'config.json')).toThrow(message);
  });

  it('refuses a T5 that is not umT5, and parts that are no pair', () => {
    expect(() => parseConfig(textEncoderSchema, { ...TOY.text_encoder, shared_pos: true }, 'c')).toThrow(
      /umT5 has one a layer/,
    );
    expect(() => parseConfig(textEncoderSchema, { ...TOY.text_encoder, num_heads: 5 }, 'c')).toThrow(
      /multiple of num_heads/,
    );
    const otherText = { ...TOY, text_encoder: { ...TOY.text_encoder, dim: 32 } };
    expect(() => parseConfig(modelSchema, otherText, 'c')).toThrow(
      /reads text of width 64, the text encoder writes 32/,
    );
  });

  it('has defaults that are valid', () => {
    expect(parseConfig(modelSchema, { ...TOY, sampling: SAMPLING_DEFAULTS }, 'c').sampling).toEqual(SAMPLING_DEFAULTS);
  });
});
