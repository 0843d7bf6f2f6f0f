import { ensure } from '../../errors.js';
import type { ModelConfig } from '../../models/wan/config.js';
import { vaeFactors } from '../../models/wan/vae/vaeFactors.js';

/** Pixel frames where nothing is asked for: five seconds at 16 frames a second. */
export const DEFAULT_FRAMES = 81;

/** Most pixel frames of a plan, 17 hours at 16 a second: the noise of a seed is counted off before the first block. */
const MAX_FRAMES = 1_000_000;

/** Most pixels along a side: far above every model, far below where a size stops being an exact number of bytes. */
const MAX_SIDE = 1_000_000;

/** A picture's size in pixels, and in latent pixels. */
export interface PlannedSize {
  readonly pixel: { readonly width: number; readonly height: number };
  readonly latent: { readonly width: number; readonly height: number };
}

/**
 * The size of a video in the grid of a model.
 * @throws TokenTrimError where a side does not fit the grid; the message names the nearest that does
 */
export function planSize(
  config: ModelConfig,
  request: { readonly width?: number; readonly height?: number },
): PlannedSize {
  const { sampling, transformer } = config;
  const { spatial } = vaeFactors(config.vae);
  const pixel = { width: request.width ?? sampling.width, height: request.height ?? sampling.height };
  for (const [axis, patch] of [
    ['width', transformer.patch_size[2]],
    ['height', transformer.patch_size[1]],
  ] as const) {
    const unit = spatial * patch;
    const size = pixel[axis];
    ensure(
      Number.isInteger(size) && size > 0 && size % unit === 0,
      `the ${axis} must be a multiple of ${unit} pixels (the VAE's ${spatial} times the DiT's patch of ${patch}), found ` +
        `${size}: use \`${axis}\` ${Math.max(unit, Math.floor(size / unit) * unit || unit)}`,
    );
    ensure(size <= MAX_SIDE, `the ${axis} can be ${MAX_SIDE} pixels at most, found ${size}`);
  }
  return { pixel, latent: { width: pixel.width / spatial, height: pixel.height / spatial } };
}

/** Throws unless a video may have so many pixel frames. */
export function checkFrames(frames: number): void {
  ensure(Number.isInteger(frames) && frames > 0, `a video has a whole number of frames, 1 or more, found ${frames}`);
  ensure(frames <= MAX_FRAMES, `a run makes ${MAX_FRAMES} frames at most, found ${frames}`);
}

/** A run of latent frames that are generated, or given, together. */
export interface PlannedBlock {
  /** Number among the generated blocks, from 0; -1 for frames that were given. */
  readonly block: number;
  /** Position of its first frame in the video. */
  readonly firstFrame: number;
  readonly frames: number;
}

/** Consecutive blocks. They are counted off while they are asked for: a long video costs no memory. */
export interface Blocks extends Iterable<PlannedBlock> {
  readonly count: number;
}

/** The blocks of a video in order: what it begins with, then what is to be generated, at least one. */
export interface BlockPlan {
  readonly given: Blocks;
  readonly generated: Blocks;
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
): BlockPlan {
  const count = (share: number, hasFirst: boolean, what: string): number => {
    const rest = hasFirst && share > 0 ? share - 1 : share;
    ensure(
      Number.isInteger(share) && share >= 0 && rest % framesPerBlock === 0,
      `${share} latent frames ${what} do not split into blocks of ${framesPerBlock}` +
        `${hasFirst ? ' after a first frame of its own' : ''}: use ${nearby(share, framesPerBlock, hasFirst)}`,
    );
    return rest / framesPerBlock + (share - rest);
  };
  const givenBlocks = count(given, independentFirstFrame, 'to begin with');
  const generated = count(frames, independentFirstFrame && given === 0, 'to generate');
  ensure(generated > 0, 'there is no latent frame to generate');

  const blocks = (from: number, until: number): Blocks => ({
    count: until - from,
    *[Symbol.iterator]() {
      for (let index = from; index < until; index++) {
        const isAlone = independentFirstFrame && index === 0;
        const missing = independentFirstFrame && index > 0 ? framesPerBlock - 1 : 0; // in the first block
        yield {
          block: Math.max(index - givenBlocks, -1),
          firstFrame: index * framesPerBlock - missing,
          frames: isAlone ? 1 : framesPerBlock,
        };
      }
    },
  });
  return { given: blocks(0, givenBlocks), generated: blocks(givenBlocks, givenBlocks + generated) };
}

/**
 * The whole number of blocks that covers any number of pictures: n latent frames make 1 + temporal * (n - 1) of them.
 * @param pixelFrames pictures of the video, those that it begins with included; 1 or more
 * @param temporal pictures that a latent frame after the first stands for
 * @returns latent frames of the whole video, the pictures that they make, and how many of those to drop at the end
 */
export function latentFramesFor(
  pixelFrames: number,
  temporal: number,
  framesPerBlock: number,
  independentFirstFrame = false,
): { frames: number; pixelFrames: number; dropped: number } {
  ensure(
    Number.isSafeInteger(pixelFrames) && pixelFrames >= 1,
    `a video has a whole number of frames, 1 or more, found ${pixelFrames}`,
  );
  const needed = Math.ceil((pixelFrames - 1) / temporal) + 1;
  const frames = nextBlockStart(needed, framesPerBlock, independentFirstFrame);
  const made = 1 + (frames - 1) * temporal;
  return { frames, pixelFrames: made, dropped: made - pixelFrames };
}

/** The first frame, from `frame` on, that begins a block; where the last one ends, the next begins. */
export function nextBlockStart(frame: number, framesPerBlock: number, independentFirstFrame = false): number {
  const extra = independentFirstFrame && frame > 0 ? 1 : 0;
  return Math.ceil((frame - extra) / framesPerBlock) * framesPerBlock + extra;
}

function nearby(count: number, framesPerBlock: number, hasFirst: boolean): string {
  const extra = hasFirst ? 1 : 0;
  const below = Math.max(1, Math.floor((count - extra) / framesPerBlock)) * framesPerBlock + extra;
  return `${below} or ${below + framesPerBlock}`;
}
