import { causalConv3d } from '../../../kernels/convolution/causalConv3d.js';
import { cast } from '../../../kernels/elementwise/cast.js';
import { sliceFrames } from '../../../kernels/layout/frames.js';
import type { Device } from '../../../tensor/device.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { VaeConfig } from '../config.js';
import type { Conv } from './vaeLoader.js';
import type { ChainState } from './videoState.js';

/** The type of what is convolved: 16 bits where the weights have no more. */
export type ConvInputType = 'f32' | 'f16';

/** The last two input frames of a causal convolution, each [1, height, width, inChannels]. */
export interface History {
  /** Older, newer: a new frame is written over the older one, which then is the newer. */
  frames: readonly [older: Tensor, newer: Tensor];
  /** A downsampling in time makes one frame of two: whether the first of them has come and waits for the second. */
  isWaiting: boolean;
}

/**
 * What a VAE remembers between two pieces of a video: the last two input frames of every causal convolution. That is all
 * that a later frame can depend on, so a video of any length is decoded or encoded in the same memory.
 */
export interface Histories extends ChainState {
  /** In forward order. */
  readonly byConv: ReadonlyMap<Conv, History>;
  readonly type: ConvInputType;
}

/** The part of a step of the chain that its histories are made from. */
export interface Causal {
  /** The causal convolutions inside, in forward order, and how much larger than the step's input theirs is. */
  readonly causal: readonly { readonly conv: Conv; readonly scale?: number }[];
  /** How much larger than its input the output is, both ways; 1 where absent. */
  readonly scale?: number;
}

/** Empty histories for frames of one size. Call outside `device.scope`, which would free them. */
export function createHistories(
  device: Device,
  steps: readonly Causal[],
  type: ConvInputType,
  height: number,
  width: number,
): Histories {
  const byConv = new Map<Conv, History>();
  let scale = 1;
  for (const step of steps) {
    for (const { conv, scale: within = 1 } of step.causal) {
      const inChannels = conv.weight.shape[conv.weight.shape.length - 1];
      const empty = () => device.zeros([1, height * scale * within, width * scale * within, inChannels], type);
      byConv.set(conv, { frames: [empty(), empty()], isWaiting: false });
    }
    scale *= step.scale ?? 1;
  }
  return { byConv, type, isStart: true, isTorn: false };
}

/** The same again. Call outside `device.scope`. */
export function copyHistories(histories: Histories): Histories {
  const byConv = new Map<Conv, History>();
  for (const [
    conv,
    {
      frames: [older, newer],
      isWaiting,
    },
  ] of histories.byConv)
    byConv.set(conv, { frames: [sliceFrames(older, 0, 1), sliceFrames(newer, 0, 1)], isWaiting });
  return { ...histories, byConv };
}

/** Gives their memory back. */
export function freeHistories({ byConv }: Histories): void {
  for (const { frames } of byConv.values()) for (const frame of frames) frame.dispose();
}

/** 16 bits take whole words in every frame only where all channels come in pairs, as they do in every published VAE. */
export function convInputType(conv: Conv, { dim, z_dim }: VaeConfig): ConvInputType {
  return conv.weight.dtype !== 'f32' && dim % 2 === 0 && z_dim % 2 === 0 ? 'f16' : 'f32';
}

/** A causal convolution over frames that continue those of earlier calls. */
export function causalConv(conv: Conv, x: Tensor, histories: Histories): Tensor {
  return x.device.scope(() => {
    const history = histories.byConv.get(conv) as History;
    const input = cast(x, histories.type);
    const y = causalConv3d(input, history.frames, conv.weight, conv.bias);
    for (let frame = Math.max(0, x.shape[0] - history.frames.length); frame < x.shape[0]; frame++) {
      remember(history, input, frame);
    }
    return y;
  });
}

/**
 * Half of the frames, each made of two and the one before them: a window of three frames with stride two. The first
 * frame of a video passes as it is. A frame without its second waits for the next call.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py Resample.forward, downsample3d.
 * @param x [frames, height, width, channels]
 * @returns the frames that are complete, in order, each [1, height, width, channels]
 */
export function halveTime(conv: Conv, x: Tensor, histories: Histories): Tensor[] {
  const history = histories.byConv.get(conv) as History;
  const made: Tensor[] = [];
  for (let frame = 0; frame < x.shape[0]; frame++) {
    const done = x.device.scope(() => {
      const one = x.shape[0] === 1 ? x : sliceFrames(x, frame, 1);
      const input = cast(one, histories.type);
      const { frames, isWaiting } = history;
      const y = isWaiting ? [causalConv3d(input, frames, conv.weight, conv.bias)] : histories.isStart ? [one] : [];
      remember(history, input, 0);
      history.isWaiting = !isWaiting && !histories.isStart;
      return y;
    });
    made.push(...done);
  }
  return made;
}

/** Makes a frame of `x` the newest that the history holds. */
function remember(history: History, x: Tensor, frame: number): void {
  const [older, newer] = history.frames;
  x.device.updateRows(older, 0, x, frame, 1);
  history.frames = [newer, older];
}
