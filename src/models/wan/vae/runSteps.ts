import { sliceFrames } from '../../../kernels/layout/frames.js';
import { checkOptions, optionsOf } from '../../../options/checkOptions.js';
import { number } from '../../../options/fields.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Tap } from '../tap.js';
import type { ChainState } from './videoState.js';

/** A part of a chain of layers. */
export interface ChainStep<State> {
  readonly name: string;
  /** [frames, height, width, channels] to the same of other sizes; nothing where it waits for another frame. */
  readonly run: (x: Tensor, state: State) => Tensor | undefined;
  /** How many values the largest tensor inside has for each pixel of the input. */
  readonly widest: number;
}

/** How frames pass the chain, for all of a stream. */
export interface StreamOptions {
  /**
   * Where the largest tensor of a step would take more bytes than this, frames pass the rest of the chain one after the
   * other. Layers that remember see the same frames in the same order, so this does not change a bit.
   */
  readonly splitBytes?: number;
}

/** The same for one piece of it. */
export interface StepOptions extends StreamOptions {
  /** Called for a part several times where frames are split, in their order. */
  readonly tap?: Tap;
}

const streamSchema = optionsOf<StreamOptions>()({
  splitBytes: number('must be a number of bytes, 0 or more', (bytes) => bytes >= 0).optional(),
});

/** Refuses options of a stream that are misspelt or out of range. */
export function checkStreamOptions(what: string, options: StreamOptions): void {
  checkOptions(what, streamSchema, options);
}

/** Half of the 128 MiB that every WebGPU device binds at once: an input and an output of a step are about as large. */
const SPLIT_BYTES = 64 * 2 ** 20;

/**
 * Passes frames through a chain of steps and yields what comes out as soon as it is ready, depth first, so that at any
 * time there is one frame in work and at most the frames beside it at each place where frames were split.
 * @param x [frames, height, width, channels]; is freed
 * @returns [frames, ...] in order, the caller's to dispose
 */
export function* runSteps<State extends ChainState>(
  steps: readonly ChainStep<State>[],
  x: Tensor,
  state: State,
  { splitBytes = SPLIT_BYTES, tap }: StepOptions = {},
): Generator<Tensor, void> {
  const { device } = x;
  const stack = [{ x, done: 0 }];
  try {
    while (stack.length > 0) {
      const { x, done } = stack[stack.length - 1];
      if (done === steps.length) {
        stack.pop();
        if (stack.length === 0) state.isStart = false;
        yield x;
        continue;
      }
      const step = steps[done];
      const [frames, height, width] = x.shape;
      if (frames > 1 && 4 * frames * height * width * step.widest > splitBytes) {
        const parts = Array.from({ length: frames }, (_, frame) => ({ x: sliceFrames(x, frame, 1), done }));
        x.dispose();
        stack.splice(-1, 1, ...parts.reverse());
        continue;
      }
      const y = device.scope(() => step.run(x, state));
      x.dispose();
      stack.pop();
      if (!y) continue;
      stack.push({ x: y, done: done + 1 });
      tap?.(step.name, y);
    }
  } finally {
    if (stack.length > 0) state.isTorn = true;
    for (const { x } of stack) x.dispose();
  }
}
