import type { TextEncoderConfig, TransformerConfig, VaeConfig } from '../config.js';

/** Official names and shapes of the tensors that a part must have. */
export type ExpectedTensors = Map<string, readonly number[]>;

/** Source of names and shapes: Wan-Video/Wan2.1 `wan/modules/model.py WanModel`. */
export function transformerTensors(config: TransformerConfig): ExpectedTensors {
  const { dim, ffn_dim, freq_dim, text_dim, in_dim, out_dim, patch_size, num_layers } = config;
  const tensors: ExpectedTensors = new Map();
  const linear = (name: string, outputs: number, inputs: number) => addLayer(tensors, name, outputs, [inputs]);
  addLayer(tensors, 'patch_embedding', dim, [in_dim, ...patch_size]);
  linear('text_embedding.0', dim, text_dim);
  linear('text_embedding.2', dim, dim);
  linear('time_embedding.0', dim, freq_dim);
  linear('time_embedding.2', dim, dim);
  linear('time_projection.1', 6 * dim, dim);
  for (let layer = 0; layer < num_layers; layer += 1) {
    const block = `blocks.${layer}`;
    tensors.set(`${block}.modulation`, [1, 6, dim]);
    for (const attention of ['self_attn', 'cross_attn']) {
      for (const projection of ['q', 'k', 'v', 'o']) linear(`${block}.${attention}.${projection}`, dim, dim);
      tensors.set(`${block}.${attention}.norm_q.weight`, [dim]);
      tensors.set(`${block}.${attention}.norm_k.weight`, [dim]);
    }
    addLayer(tensors, `${block}.norm3`, dim, []);
    linear(`${block}.ffn.0`, ffn_dim, dim);
    linear(`${block}.ffn.2`, dim, ffn_dim);
  }
  linear('head.head', out_dim * patch_size.reduce((product, size) => product * size, 1), dim);
  tensors.set('head.modulation', [1, 2, dim]);
  return tensors;
}

/** Source of names and shapes: Wan-Video/Wan2.1 `wan/modules/t5.py T5Encoder`. */
export function textEncoderTensors(config: TextEncoderConfig): ExpectedTensors {
  const { vocab, dim, dim_attn, dim_ffn, num_heads, num_layers, num_buckets } = config;
  const tensors: ExpectedTensors = new Map([['token_embedding.weight', [vocab, dim]]]);
  for (let layer = 0; layer < num_layers; layer += 1) {
    const block = `blocks.${layer}`;
    tensors.set(`${block}.norm1.weight`, [dim]);
    for (const projection of ['q', 'k', 'v']) tensors.set(`${block}.attn.${projection}.weight`, [dim_attn, dim]);
    tensors.set(`${block}.attn.o.weight`, [dim, dim_attn]);
    tensors.set(`${block}.pos_embedding.embedding.weight`, [num_buckets, num_heads]);
    tensors.set(`${block}.norm2.weight`, [dim]);
    tensors.set(`${block}.ffn.gate.0.weight`, [dim_ffn, dim]);
    tensors.set(`${block}.ffn.fc1.weight`, [dim_ffn, dim]);
    tensors.set(`${block}.ffn.fc2.weight`, [dim, dim_ffn]);
  }
  return tensors.set('norm.weight', [dim]);
}

/** The half that turns latents into pixels. Source: Wan-Video/Wan2.1 `wan/modules/vae.py Decoder3d` and `WanVAE_`. */
export function vaeDecoderTensors(config: VaeConfig): ExpectedTensors {
  const { dim, dim_mult, z_dim, num_res_blocks, temperal_downsample } = config;
  const widths = dim_mult.map((factor) => factor * dim).reverse();
  const tensors: ExpectedTensors = new Map();
  addLayer(tensors, 'conv2', z_dim, [z_dim, 1, 1, 1]);
  addLayer(tensors, 'decoder.conv1', widths[0], [z_dim, 3, 3, 3]);
  addMiddle(tensors, 'decoder.middle', widths[0]);
  let layer = 0;
  for (const [stage, width] of widths.entries()) {
    // Upstream halves the input of stages 1 to 3 by their number; the upsampling before each has halved it.
    let inputs = stage === 0 ? width : widths[stage - 1] / 2;
    for (let block = 0; block <= num_res_blocks; block += 1) {
      addResidual(tensors, `decoder.upsamples.${layer++}`, inputs, width);
      inputs = width;
    }
    if (stage === widths.length - 1) break;
    const upsample = `decoder.upsamples.${layer++}`;
    addLayer(tensors, `${upsample}.resample.1`, width / 2, [width, 3, 3]);
    if (temperal_downsample.at(-1 - stage)) addLayer(tensors, `${upsample}.time_conv`, 2 * width, [width, 3, 1, 1]);
  }
  return addHead(tensors, 'decoder.head', dim * dim_mult[0], 3);
}

/** The half that turns pixels into latents. Source: Wan-Video/Wan2.1 `wan/modules/vae.py Encoder3d` and `WanVAE_`. */
export function vaeEncoderTensors(config: VaeConfig): ExpectedTensors {
  const { dim, dim_mult, z_dim, num_res_blocks, temperal_downsample } = config;
  const widths = dim_mult.map((factor) => factor * dim);
  const tensors: ExpectedTensors = new Map();
  addLayer(tensors, 'conv1', 2 * z_dim, [2 * z_dim, 1, 1, 1]);
  addLayer(tensors, 'encoder.conv1', dim, [3, 3, 3, 3]);
  let layer = 0;
  let inputs = dim;
  for (const [stage, width] of widths.entries()) {
    for (let block = 0; block < num_res_blocks; block += 1) {
      addResidual(tensors, `encoder.downsamples.${layer++}`, inputs, width);
      inputs = width;
    }
    if (stage === widths.length - 1) break;
    const downsample = `encoder.downsamples.${layer++}`;
    addLayer(tensors, `${downsample}.resample.1`, width, [width, 3, 3]);
    if (temperal_downsample[stage]) addLayer(tensors, `${downsample}.time_conv`, width, [width, 3, 1, 1]);
  }
  addMiddle(tensors, 'encoder.middle', inputs);
  return addHead(tensors, 'encoder.head', inputs, 2 * z_dim);
}

function addLayer(tensors: ExpectedTensors, name: string, outputs: number, rest: readonly number[]): void {
  tensors.set(`${name}.weight`, [outputs, ...rest]);
  tensors.set(`${name}.bias`, [outputs]);
}

function addResidual(tensors: ExpectedTensors, name: string, inputs: number, outputs: number): void {
  tensors.set(`${name}.residual.0.gamma`, [inputs, 1, 1, 1]);
  addLayer(tensors, `${name}.residual.2`, outputs, [inputs, 3, 3, 3]);
  tensors.set(`${name}.residual.3.gamma`, [outputs, 1, 1, 1]);
  addLayer(tensors, `${name}.residual.6`, outputs, [outputs, 3, 3, 3]);
  if (inputs !== outputs) addLayer(tensors, `${name}.shortcut`, outputs, [inputs, 1, 1, 1]);
}

function addMiddle(tensors: ExpectedTensors, name: string, width: number): void {
  addResidual(tensors, `${name}.0`, width, width);
  tensors.set(`${name}.1.norm.gamma`, [width, 1, 1]);
  addLayer(tensors, `${name}.1.to_qkv`, 3 * width, [width, 1, 1]);
  addLayer(tensors, `${name}.1.proj`, width, [width, 1, 1]);
  addResidual(tensors, `${name}.2`, width, width);
}

function addHead(tensors: ExpectedTensors, name: string, width: number, outputs: number): ExpectedTensors {
  tensors.set(`${name}.0.gamma`, [width, 1, 1, 1]);
  addLayer(tensors, `${name}.2`, outputs, [width, 3, 3, 3]);
  return tensors;
}
