import { expect, test } from 'vitest';
import { hfName } from '../../src/models/wan/checkpoint/hfName.js';
import { officialName, type Part } from '../../src/models/wan/checkpoint/officialNames.js';
import { modelLike, partTensors } from '../../src/synthesize/models.js';

test.each([
  ['transformer', 825],
  ['vae', 194],
  ['text-encoder', 242],
] as const)('%s: all names go to the Hub and back', async (part, count) => {
  const names = [...partTensors(part, await modelLike('wan2.1-1.3b')).keys()];
  expect(names).toHaveLength(count);
  expect(names.map((name) => officialName(part, hfName(part, name)))).toEqual(names);
});

// From the published index files; a rule that is wrong in the same way in both directions would pass the test above.
test.each<[Part, string, string]>([
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
