import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeOther, whyUnusable } from '../../../src/models/wan/checkpoint/detection.js';
import {
  textEncoderTensors,
  transformerTensors,
  vaeDecoderTensors,
} from '../../../src/models/wan/checkpoint/expectedTensors.js';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { convertWeights } from '../../../src/node/weights/convertWeights.js';
import { inspectPath } from '../../../src/node/weights/inspect.js';
import { writeSafetensors } from '../../../src/node/weights/writeSafetensors.js';
import { modelLike } from '../../../src/synthesize/models.js';
import type { StoredType } from '../../../src/weights/storedType.js';
import { type Tensors, toyTensors } from '../../support/publishedLayouts.js';
import { memorySource } from '../../weights/memorySource.js';
import { temporaryFolder } from '../../weights/temporary.js';

const TOY = await modelLike('toy');
const q = 'blocks.3.self_attn.q';

/** The toy transformer by names and shapes, with more tensors, and some of another type. */
function transformer(
  extra: Record<string, StoredType> = {},
  retyped: Record<string, StoredType> = {},
  dtype: StoredType = 'BF16',
) {
  const shapes = [...transformerTensors(TOY.transformer)];
  const types = new Map([...Object.entries(extra), ...Object.entries(retyped)]);
  const source = memorySource([...shapes, ...Object.keys(extra).map((name) => [name, [8]] as const)], dtype);
  const info = source.info.bind(source);
  return { ...source, info: (name: string) => ({ ...info(name), dtype: types.get(name) ?? dtype }) };
}

describe('weights that are no floats', () => {
  it.each(['I8', 'U8', 'I16', 'I32', 'I64', 'BOOL', 'U16', 'F4', 'F6_E2M3', 'C64', 'F8_E4M3FNUZ', 'F8_E8M0'] as const)(
    'one tensor of %s among 165 is enough',
    (dtype) => {
      for (const name of [`${q}.weight`, 'head.modulation', 'blocks.5.norm3.bias']) {
        const why = whyUnusable(transformer({}, { [name]: dtype }));
        expect(why).toContain(`a transformer whose weights are not all floats that can be read: 1 of `);
        expect(why).toContain(`tensors are ${dtype} ("${name}")`);
        expect(why).toContain('use the bf16, fp16 or fp8 file');
      }
    },
  );

  it.each(['F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2'] as const)('%s can be run', (dtype) => {
    expect(whyUnusable(transformer({}, {}, dtype))).toBeUndefined();
  });

  it.each([
    ['GPTQ', { [`${q}.qweight`]: 'I32', [`${q}.qzeros`]: 'I32', [`${q}.scales`]: 'F16', [`${q}.g_idx`]: 'I32' }],
    ['AWQ', { [`${q}.qweight`]: 'I32', [`${q}.qzeros`]: 'I32', [`${q}.scales`]: 'F16' }],
    ['NF4', { [`${q}.weight.absmax`]: 'F32', [`${q}.weight.quant_state.bitsandbytes__nf4`]: 'U8' }],
    ['LLM.int8', { [`${q}.SCB`]: 'F32' }],
    ['SVDQuant', { [`${q}.qweight`]: 'I8', [`${q}.wscales`]: 'BF16' }],
    ['quanto', { [`${q}.weight._data`]: 'I8', [`${q}.weight._scale`]: 'BF16' }],
    ['NVFP4', { [`${q}.weight_scale`]: 'F8_E4M3', [`${q}.weight_scale_2`]: 'F32' }],
    ['MXFP4', { [`${q}.weight_blocks`]: 'U8', [`${q}.weight_scales`]: 'U8' }],
    ['scale for each block', { [`${q}.weight_scale_inv`]: 'F32' }],
  ] satisfies [string, Record<string, StoredType>][])('%s is called by its name', (scheme, extra) => {
    const why = whyUnusable(transformer(extra, { [`${q}.weight`]: scheme.startsWith('scale') ? 'F8_E4M3' : 'U8' }));
    expect(why).toMatch(/^a transformer quantised by /);
    expect(why).toContain(scheme);
  });

  it('are refused to run and to convert, with scales too, and inspect says so', async () => {
    const folder = await temporaryFolder();
    const tensors: Tensors = await toyTensors('transformer');
    const { shape } = tensors.get(`${q}.weight`)!;
    const codes = { dtype: 'I8' as const, shape, data: new Int8Array(shape[0] * shape[1]).fill(3) };
    const scale = { dtype: 'F32' as const, shape: [], data: Float32Array.of(0.01) };
    const files = {
      'plain.safetensors': new Map(tensors).set(`${q}.weight`, codes),
      'scaled.safetensors': new Map(tensors).set(`${q}.weight`, codes).set(`${q}.weight_scale`, scale),
    };
    for (const [name, contents] of Object.entries(files)) {
      const path = join(folder, name);
      await writeSafetensors(path, contents);
      const problem =
        /this is a transformer whose weights are not all floats that can be read: 1 of \d+ tensors are I8/;
      await expect(openModelFolder(toyWorld, { checkpoint: path })).rejects.toThrow(problem);
      for (const naming of [undefined, 'keep', 'hf'] as const) {
        await expect(convertWeights(path, join(folder, 'out.safetensors'), { naming })).rejects.toThrow(problem);
      }
      expect(await inspectPath(path)).toMatchObject([{ problem: expect.stringMatching(problem) }]);
    }
  });
});

describe('other weights are called what they are', () => {
  it.each([
    'diffusion_model.blocks.0.self_attn.q.lora_A.weight',
    'blocks.0.self_attn.q.lora_down.weight',
    'lora_unet_blocks_0_self_attn_q.lora_up.weight',
    'transformer.blocks.0.attn1.to_q.lora.down.weight',
    'base_model.model.blocks.0.self_attn.q.lora_B.default.weight',
    'unet.blocks.0.attn1.processor.to_q_lora.down.weight',
    'diffusion_model.blocks.0.self_attn.q.diff_b',
  ])('a LoRA by %s', (name) => {
    expect(describeOther([name, 'other.alpha'])).toBe('a LoRA');
  });

  it('a LoRA by the names of its relatives', () => {
    expect(describeOther(['lora_unet_blocks_0_ffn_0.lokr_w1'])).toBe('a LoRA (LoKr)');
    expect(describeOther(['lycoris_blocks_0_ffn_0.hada_w1_a'])).toBe('a LoRA (LoHa)');
    expect(describeOther(['blocks.0.ffn.0.lora_A.weight', 'blocks.0.ffn.0.dora_scale'])).toBe('a LoRA (DoRA)');
  });

  it.each([
    ['a CLIP model', 'visual.transformer.0.attn.to_qkv.weight'],
    ['Wan2.2-TI2V-5B', 'decoder.upsamples.0.upsamples.0.residual.0.gamma'],
    ['Flux or HunyuanVideo', 'model.diffusion_model.double_blocks.0.img_attn.qkv.weight'],
    ['a U-Net', 'model.diffusion_model.input_blocks.0.0.weight'],
    ['a language model', 'model.layers.0.self_attn.q_proj.weight'],
    ['recorded noise', 'noise'],
  ])('%s', (what, name) => {
    expect(describeOther([name])).toContain(what);
  });

  it.each([
    ['VACE', { 'vace_blocks.0.norm3.bias': 'BF16' }],
    ['FLF2V', { 'img_emb.emb_pos': 'BF16', 'img_emb.proj.0.weight': 'BF16' }],
    ['I2V', { 'img_emb.proj.0.weight': 'BF16' }],
    ['cameras', { 'control_adapter.conv.weight': 'BF16' }],
  ] satisfies [string, Record<string, StoredType>][])('a transformer for %s', (what, extra) => {
    expect(whyUnusable(transformer(extra))).toContain(what);
  });

  it('models of other sizes, by their shapes', () => {
    const with36 = memorySource(transformerTensors({ ...TOY.transformer, in_dim: 36 }));
    expect(whyUnusable(with36)).toMatch(/image-to-video or control checkpoint: it takes 36 channels and gives 16/);
    const small = memorySource(transformerTensors({ ...TOY.transformer, dim: 3072, in_dim: 48, out_dim: 48 }));
    expect(whyUnusable(small)).toMatch(/^Wan2.2-TI2V-5B/);
    expect(whyUnusable(memorySource(transformerTensors(TOY.transformer)))).toBeUndefined();
    expect(whyUnusable(memorySource(vaeDecoderTensors(TOY.vae)))).toBeUndefined();
    const text = textEncoderTensors(TOY.text_encoder);
    expect(whyUnusable(memorySource(text))).toBeUndefined();
    text.delete('blocks.1.pos_embedding.embedding.weight');
    expect(whyUnusable(memorySource(text))).toMatch(/a T5 encoder, not umT5/);
  });
});
