import { sliceFrames } from '../../../kernels/layout/frames.js';
import type { Device } from '../../../tensor/device.js';
import { disposeAll } from '../../../tensor/scope.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { ConvInputType } from '../vae/histories.js';
import type { ChainStep } from '../vae/runSteps.js';
import type { ChainState } from '../vae/videoState.js';

/** What a tiny VAE remembers between two pieces of a video: all that a later frame can depend on. */
export interface TinyMemory extends ChainState {
  /** By the layer that remembers: [frames, height, width, channels]. */
  readonly frames: ReadonlyMap<object, Tensor>;
  /** How many of a layer's frames wait for the others. */
  readonly waiting: Map<object, number>;
  readonly type: ConvInputType;
  /** Pictures of the video's start that are still to be dropped. */
  toTrim: number;
}

/** A part of the chain that a tiny VAE's half is. */
export interface TinyStep extends ChainStep<TinyMemory> {
  /** What it keeps, at the size of its input. */
  readonly remembers?: { readonly layer: object; readonly frames: number; readonly channels: number };
  /** How much larger than its input the output is, both ways; 1 where absent. */
  readonly scale?: number;
}

/** An empty memory, zeros, for frames of one size. Call outside `device.scope`, which would free it. */
export function createTinyMemory(
  device: Device,
  steps: readonly TinyStep[],
  { type, toTrim }: Pick<TinyMemory, 'type' | 'toTrim'>,
  height: number,
  width: number,
): TinyMemory {
  const kept = new Map<object, Tensor>();
  let scale = 1;
  for (const { remembers, scale: grows = 1 } of steps) {
    if (remembers) {
      const { layer, frames, channels } = remembers;
      kept.set(layer, device.zeros([frames, height * scale, width * scale, channels]));
    }
    scale *= grows;
  }
  return { frames: kept, waiting: new Map(), type, toTrim, isStart: true, isTorn: false };
}

/** The same again. Call outside `device.scope`. */
export function copyTinyMemory(memory: TinyMemory): TinyMemory {
  const frames = new Map([...memory.frames].map(([layer, kept]) => [layer, sliceFrames(kept, 0, kept.shape[0])]));
  return { ...memory, frames, waiting: new Map(memory.waiting) };
}

/** Gives its memory back. */
export function freeTinyMemory({ frames }: TinyMemory): void {
  disposeAll([...frames.values()]);
}
