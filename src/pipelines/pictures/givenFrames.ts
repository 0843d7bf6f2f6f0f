import { ensure } from '../../errors.js';
import { concatFrames } from '../../kernels/layout/frames.js';
import type { Device } from '../../tensor/device.js';
import { areFinite, notFiniteError } from '../../tensor/notFinite.js';
import { disposeAll } from '../../tensor/scope.js';
import type { Tensor } from '../../tensor/tensor.js';

/** How pictures that a user gives become the first latent frames of a video. */
export interface GivenPlan {
  /** Latent frames that they make. */
  readonly latents: number;
  /** Whether the first of them is a block of its own. */
  readonly independentFirstFrame: boolean;
  /** Pictures to pass over, and then to read: `openPictures` takes both. */
  readonly skip: number;
  readonly pictures: number;
  /** How often the encoder is shown each picture: once, or as a still video. */
  readonly repeats: number;
  /** Decoded pictures at the start of the video that are not shown, because they repeat the one after them. */
  readonly hidden: number;
}

/** What decides how given pictures are used. */
export interface GivenRequest {
  readonly preset: 'self-forcing' | 'rolling-forcing';
  readonly kind: 'image' | 'video';
  /** Pictures that there are. */
  readonly available: number;
  /** Pictures that a latent frame after the first stands for. */
  readonly temporal: number;
  readonly framesPerBlock: number;
  /** Latent frames that attention spans; absent where it is the whole video. */
  readonly window?: number;
}

/**
 * Decides it. A picture is one latent frame, a block of its own, for Self Forcing, and a still video of one block for
 * Rolling Forcing, whose anchor is a whole block. Of a video the last whole blocks are taken, as many as the first
 * generated block can see (docs/decisions/007-given-frames.md).
 * @throws TokenTrimError where a video is too short for one block
 */
export function planGivenFrames(request: GivenRequest): GivenPlan {
  const { preset, kind, available, temporal, framesPerBlock: size, window } = request;
  const blockPictures = 1 + (size - 1) * temporal;
  if (kind === 'image') {
    const isStill = preset === 'rolling-forcing';
    const repeats = isStill ? blockPictures : 1;
    const latents = isStill ? size : 1;
    return { latents, independentFirstFrame: !isStill, skip: 0, pictures: 1, repeats, hidden: repeats - 1 };
  }
  ensure(
    available >= blockPictures,
    `a video that is to be continued must have ${blockPictures} frames or more (one block of ${size} latent frames), found ` +
      `${available}: pass a longer one, or one picture of it as \`given: image\``,
  );
  const visible = window === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(window / size) - 1);
  const whole = Math.floor((Math.floor((available - 1) / temporal) + 1) / size);
  const latents = Math.min(visible, whole) * size;
  const pictures = 1 + (latents - 1) * temporal;
  return { latents, independentFirstFrame: false, skip: available - pictures, pictures, repeats: 1, hidden: 0 };
}

/** The VAE encoder as a stream: 1 picture first, then `temporal` at a time; a latent frame for each call. */
export interface PictureEncoder {
  encode(pixels: Tensor): Tensor;
}

/**
 * Encodes the planned pictures, a few at a time.
 * @param pictures [height, width, 3] each, in -1 ... 1
 * @returns latents [frames, channels, height, width], the caller's to dispose
 * @throws TokenTrimError where there are fewer pictures than planned
 */
export async function encodeGivenFrames(
  device: Device,
  encoder: PictureEncoder,
  pictures: AsyncIterable<Float32Array>,
  plan: GivenPlan,
  { width, height, temporal }: { width: number; height: number; temporal: number },
): Promise<Tensor> {
  const frameSize = height * width * 3;
  const latents: Tensor[] = [];
  let chunk = new Float32Array(frameSize); // the first picture is a latent frame on its own
  let filled = 0;
  let read = 0;
  try {
    for await (const picture of pictures) {
      if (++read > plan.pictures) break;
      for (let copy = 0; copy < plan.repeats; copy++) {
        chunk.set(picture, filled++ * frameSize);
        const frames = chunk.length / frameSize;
        if (filled < frames) continue;
        const pixels = device.upload(chunk, [frames, height, width, 3]);
        latents.push(encoder.encode(pixels)); // not in a scope: the encoder keeps what it needs of this for the next
        pixels.dispose();
        chunk = new Float32Array(temporal * frameSize);
        filled = 0;
      }
    }
    ensure(latents.length === plan.latents, () => tooFewPictures(plan.pictures, read));
    for (const frame of latents) {
      if (!areFinite(await device.read(frame)))
        throw notFiniteError('The latents that the VAE made of the given pictures hold NaN or infinity');
    }
    return concatFrames(latents);
  } finally {
    disposeAll(latents);
  }
}

/** What to say where fewer pictures came than there should be. */
export function tooFewPictures(expected: number, read: number): string {
  return `expected ${expected} pictures to begin from, could read ${read}: the file is damaged or has changed`;
}
