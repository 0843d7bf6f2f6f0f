import { causalConv3d, HISTORY_FRAMES } from '../../../kernels/causalConv3d.js';
import { sliceFrames } from '../../../kernels/frames.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Conv } from './vaeLoader.js';
import type { VaeDecoder } from './weights.js';

/**
 * What the decoder remembers between two latent frames: the last two input frames of every causal convolution. That is
 * all that a later frame can depend on, so a video of any length decodes in the same memory.
 */
export interface Histories {
  /** [2, height, width, inChannels] for each convolution, in forward order */
  readonly frames: ReadonlyMap<Conv, Tensor>;
  /** Nothing has been decoded yet: the first latent frame becomes one frame, later ones four. */
  isStart: boolean;
}

/** Empty histories for latents of one size. Call outside `device.scope`, which would free them. */
export function createHistories(decoder: VaeDecoder, height: number, width: number): Histories {
  const frames = new Map<Conv, Tensor>();
  for (const { conv, scale } of causalConvs(decoder)) {
    const inChannels = conv.weight.shape[conv.weight.shape.length - 1];
    frames.set(conv, decoder.device.zeros([HISTORY_FRAMES, height * scale, width * scale, inChannels]));
  }
  return { frames, isStart: true };
}

export function freeHistories(histories: Histories): void {
  for (const history of histories.frames.values()) history.dispose();
}

/** A causal convolution over frames that continue those of earlier calls. */
export function causalConv(conv: Conv, x: Tensor, histories: Histories): Tensor {
  const history = histories.frames.get(conv) as Tensor;
  const y = causalConv3d(x, history, conv.weight, conv.bias);
  updateHistory(history, x);
  return y;
}

/** Makes `history` the last two frames of itself followed by `x`, in place. */
function updateHistory(history: Tensor, x: Tensor): void {
  const { device } = history;
  const count = x.shape[0];
  if (count >= HISTORY_FRAMES) {
    device.updateRows(history, 0, x, count - HISTORY_FRAMES, HISTORY_FRAMES);
    return;
  }
  device.updateRows(history, 0, sliceFrames(history, 1, 1), 0, 1); // a buffer cannot be copied onto itself
  device.updateRows(history, 1, x, 0, 1);
}

/** Every causal convolution in forward order, and how many times larger than the latents its input is. */
function* causalConvs({ conv1, middle, upsamples, head }: VaeDecoder): Generator<{ conv: Conv; scale: number }> {
  let scale = 1;
  yield { conv: conv1, scale };
  for (const block of [middle[0], middle[2]]) {
    yield { conv: block.conv1, scale };
    yield { conv: block.conv2, scale };
  }
  for (const layer of upsamples) {
    if (layer.kind === 'residual') {
      yield { conv: layer.block.conv1, scale };
      yield { conv: layer.block.conv2, scale };
    } else {
      if (layer.upsample.timeConv) yield { conv: layer.upsample.timeConv, scale };
      scale *= 2;
    }
  }
  yield { conv: head.conv, scale };
}
