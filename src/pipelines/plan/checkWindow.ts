import { ensure } from '../../errors.js';
import type { RolloutOptions } from './rolloutOptions.js';

/**
 * Refuses a window that the rollout could not work in, before anything is loaded.
 * @param isBounded false where the window is the whole video: then no frame ever leaves it, and a sink changes nothing
 */
export function checkWindow(
  plan: RolloutOptions & { readonly preset: 'self-forcing' | 'rolling-forcing' },
  isBounded: boolean,
): void {
  const { preset, steps, framesPerBlock: size, window, sink } = plan;
  if (preset === 'self-forcing') {
    ensure(
      !isBounded || window >= size + sink,
      `the window of ${window} latent frames must hold a block of ${size} beside the sink of ${sink}: use --window ` +
        `${size + sink} or more${sink > 0 ? ', or a smaller --sink' : ''}`,
    );
    return;
  }
  ensure(
    sink === 0 || sink === size,
    `rolling-forcing keeps its first block in sight: --sink must be ${size} (or 0 for none), found ${sink}`,
  );
  const rolled = steps.length * size;
  const needed = rolled + sink;
  ensure(
    window >= needed && window % size === 0,
    `rolling-forcing with ${steps.length} steps rolls ${rolled} latent frames beside a sink of ${sink}: --window must be ` +
      `a multiple of ${size} and at least ${needed}, found ${window}`,
  );
}
