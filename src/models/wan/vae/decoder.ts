import { attention } from '../../../kernels/attention.js';
import { channelNorm } from '../../../kernels/channelNorm.js';
import { channelsLast } from '../../../kernels/channelsLast.js';
import { conv2d } from '../../../kernels/conv2d.js';
import { add } from '../../../kernels/elementwise.js';
import { linear } from '../../../kernels/linear.js';
import { foldScoped } from '../../../tensor/scope.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Linear } from '../loadTensors.js';
import { causalConv, type Histories } from './histories.js';
import type { AttentionBlock, DecoderLayer, ResidualBlock, Upsample, VaeDecoder } from './weights.js';

/** Is shown the output of each named part of the decoder, which is freed soon after it returns. */
export type Tap = (name: string, output: Tensor) => void;

/**
 * One latent frame to pixels: one frame at the start of a video, four afterwards.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_.decode and Decoder3d.forward.
 * @param latents [frames, channels, height, width] as the DiT makes them
 * @param frame which of them
 * @returns [1 or 4, 8 * height, 8 * width, 3], about -1 to 1
 */
export function decodeFrame(
  decoder: VaeDecoder,
  histories: Histories,
  latents: Tensor,
  frame: number,
  tap?: Tap,
): Tensor {
  const { device, conv1, conv2, middle, upsamples, head } = decoder;
  const layers: [name: string, layer: (x: Tensor) => Tensor][] = [
    ['conv2', (x) => pointwise(conv2, x)],
    ['decoder.conv1', (x) => causalConv(conv1, x, histories)],
    ['decoder.middle0', (x) => residualBlock(middle[0], x, histories)],
    ['decoder.middle1_attention', (x) => attentionBlock(middle[1], x)],
    ['decoder.middle', (x) => residualBlock(middle[2], x, histories)],
    ...upsamples.map((layer, index): [string, (x: Tensor) => Tensor] => [
      `decoder.upsamples${index}`,
      (x) => decoderLayer(layer, x, histories),
    ]),
    ['pixels_raw', (x) => causalConv(head.conv, channelNorm(x, head.norm, { silu: true }), histories)],
  ];
  return device.scope(() => {
    const latent = channelsLast(latents, decoder.latents, { firstFrame: frame, frames: 1 }); // [1, height, width, channels]
    const pixels = foldScoped(device, latent, layers, (x, [name, layer]) => {
      const y = layer(x);
      tap?.(name, y);
      return y;
    });
    histories.isStart = false;
    return pixels;
  });
}

function decoderLayer(layer: DecoderLayer, x: Tensor, histories: Histories): Tensor {
  return layer.kind === 'residual' ? residualBlock(layer.block, x, histories) : upsample(layer.upsample, x, histories);
}

/** Norm, SiLU and a causal convolution, twice, around a shortcut. */
function residualBlock(block: ResidualBlock, x: Tensor, histories: Histories): Tensor {
  const { norm1, conv1, norm2, conv2, shortcut } = block;
  const hidden = x.device.scope(() => causalConv(conv1, channelNorm(x, norm1, { silu: true }), histories));
  const residual = causalConv(conv2, channelNorm(hidden, norm2, { silu: true }), histories);
  return add(residual, shortcut ? pointwise(shortcut, x) : x);
}

/** Every pixel of a frame attends to all of that frame; frames come one at a time, so x holds one. */
function attentionBlock({ norm, query, key, value, proj }: AttentionBlock, x: Tensor): Tensor {
  const normed = channelNorm(x, norm);
  const own = { keys: rowsOf(pointwise(key, normed)), values: rowsOf(pointwise(value, normed)) };
  const attended = attention(rowsOf(pointwise(query, normed)), { own }, 1); // [height * width, channels]
  return add(pointwise(proj, attended.reshape(...x.shape)), x);
}

/**
 * Twice the height and width and, past the first latent frame, twice the frames: `timeConv` makes two pictures of each.
 * The first latent frame passes it by and does not enter its history.
 */
function upsample({ timeConv, conv }: Upsample, x: Tensor, histories: Histories): Tensor {
  if (!timeConv || histories.isStart) return conv2d(x, conv.weight, conv.bias, { scale: 2 });
  const doubled = causalConv(timeConv, x, histories); // [frames, height, width, 2 * channels]
  return conv2d(doubled, conv.weight, conv.bias, { scale: 2, parts: 2 }); // [2 * frames, 2 * height, 2 * width, channels / 2]
}

/** A linear layer over the channels of every pixel. */
function pointwise(layer: Linear, x: Tensor): Tensor {
  return linear(rowsOf(x), layer.weight, layer.bias).reshape(...x.shape.slice(0, -1), layer.weight.shape[0]);
}

/** [..., channels] as [pixels, channels]. */
function rowsOf(x: Tensor): Tensor {
  const channels = x.shape[x.shape.length - 1];
  return x.reshape(x.size / channels, channels);
}
