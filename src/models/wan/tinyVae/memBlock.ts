import { conv2d } from '../../../kernels/convolution/conv2d.js';
import { cast } from '../../../kernels/elementwise/cast.js';
import { relu } from '../../../kernels/elementwise/relu.js';
import { joinChannels } from '../../../kernels/layout/joinChannels.js';
import type { Tensor } from '../../../tensor/tensor.js';
import { widestOf } from '../vae/steps.js';
import type { Conv } from '../vae/vaeLoader.js';
import type { TinyMemory, TinyStep } from './tinyMemory.js';

/** Three convolutions over a frame and the one before it. Source: madebyollin/taehv taehv.py MemBlock. */
export interface MemBlock {
  readonly first: Conv; // [channels, 3, 3, 2 * channels]: the frame's channels, then those of the one before
  readonly second: Conv;
  readonly third: Conv;
}

/** A frame after the other: each sees the one before it, the first of a video zeros. */
export function memBlockStep(name: string, block: MemBlock): TinyStep {
  const channels = block.third.weight.shape[0];
  return {
    name,
    remembers: { layer: block, frames: 1, channels },
    widest: 2 * channels,
    run: (x, memory) => memBlock(block, x, memory),
  };
}

function memBlock(block: MemBlock, x: Tensor, memory: TinyMemory): Tensor {
  const { device } = x;
  const { type } = memory;
  const last = memory.frames.get(block) as Tensor;
  const residual = device.scope(() => {
    const inner = device.scope(() => {
      const seen = device.scope(() => joinChannels(x, framesBefore(x, last), type));
      const hidden = device.scope(() => conv2d(seen, block.first.weight, block.first.bias));
      return relu(hidden, { type });
    });
    const hidden = device.scope(() => conv2d(inner, block.second.weight, block.second.bias));
    return conv2d(relu(hidden, { type }), block.third.weight, block.third.bias);
  });
  device.updateRows(last, 0, x, x.shape[0] - 1, 1);
  return relu(residual, { addend: x });
}

/** The frame before each: what is remembered, then those of `x` but its last. */
function framesBefore(x: Tensor, last: Tensor): Tensor {
  const frames = x.shape[0];
  if (frames === 1) return last;
  const before = x.device.zeros(x.shape);
  x.device.updateRows(before, 0, last, 0, 1);
  x.device.updateRows(before, 1, x, 0, frames - 1);
  return before;
}

/** A convolution with a bias, or zeros for one. */
export function convStep(name: string, conv: Conv): TinyStep {
  return {
    name,
    widest: widestOf(conv),
    run: (x, { type }) => conv2d(cast(x, type), conv.weight, conv.bias),
  };
}
