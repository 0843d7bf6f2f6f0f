import { ensure } from '../errors.js';

/** A run of latent frames that are generated, or given, together. */
export interface PlannedBlock {
  /** Number among the generated blocks, from 0; -1 for frames that were given. */
  readonly block: number;
  /** Position of its first frame in the video. */
  readonly firstFrame: number;
  readonly frames: number;
}

/**
 * The blocks of a video: what was given first, then what is to be generated.
 * Source: guandeh17/Self-Forcing pipeline/causal_inference.py CausalInferencePipeline.inference.
 * @param frames latent frames to generate
 * @param given latent frames that the video begins with
 * @param independentFirstFrame whether the first frame of the video is a block of its own
 */
export function planBlocks(
  frames: number,
  framesPerBlock: number,
  given = 0,
  independentFirstFrame = false,
): PlannedBlock[] {
  const split = (count: number, hasFirst: boolean, what: string): number[] => {
    const rest = hasFirst && count > 0 ? count - 1 : count;
    ensure(
      Number.isInteger(count) && count >= 0 && rest % framesPerBlock === 0,
      `${count} latent frames ${what} do not split into blocks of ${framesPerBlock}` +
        `${hasFirst ? ' after a first frame of its own' : ''}: use ${nearby(count, framesPerBlock, hasFirst)}`,
    );
    const blocks = Array<number>(rest / framesPerBlock).fill(framesPerBlock);
    return rest < count ? [1, ...blocks] : blocks;
  };
  const givenSizes = split(given, independentFirstFrame, 'to begin with');
  const generatedSizes = split(frames, independentFirstFrame && given === 0, 'to generate');
  ensure(generatedSizes.length > 0, 'there is no latent frame to generate');

  let firstFrame = 0;
  return [...givenSizes, ...generatedSizes].map((size, index) => {
    const block = Math.max(index - givenSizes.length, -1);
    const planned = { block, firstFrame, frames: size };
    firstFrame += size;
    return planned;
  });
}

function nearby(count: number, framesPerBlock: number, hasFirst: boolean): string {
  const extra = hasFirst ? 1 : 0;
  const below = Math.max(1, Math.floor((count - extra) / framesPerBlock)) * framesPerBlock + extra;
  return `${below} or ${below + framesPerBlock}`;
}
