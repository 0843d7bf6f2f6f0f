import ndarray, { type NdArray } from 'ndarray';
import { ensure } from '../errors.js';
import { tokenDrift, tokenSummary } from '../kernels/drift/tokenDrift.twin.js';
import type { PatchSize } from '../kernels/layout/patchify.js';
import { meanOf } from './measure.js';
import { seriesOf } from './series.js';
import { type LatentMeasures, MEASURES_VERSION, type MeasureInfo } from './videoMeasures.js';

/** What a latent frame is, and how many make a block. */
export interface LatentMeterOptions {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly framesPerBlock: number;
  /** The DiT's patch, which defines a token. */
  readonly patch: PatchSize;
  /** Frames of the video a second (default: 16), and for each latent frame but the first, which has one (default: 4). */
  readonly fps?: number;
  readonly framesPerLatent?: number;
}

/** Measures latents while they go by. */
export interface LatentMeter {
  /** @param frame [channels, height, width]; free again afterwards */
  add(frame: Float32Array): void;
  /** @throws TokenTrimError where there are no two blocks */
  finish(): LatentMeasures;
}

/**
 * Latent drift: how far the tokens of a block's summary are from those of another, the mean of their Euclidean distances,
 * in units of the latents. To the first block it says how far the video has gone, to the previous one how fast it goes.
 * Source: arXiv 2602.00268, "latent summary" Z_t and "per-token drift" d_i, over all tokens in the place of the unstable.
 */
export const LATENT_MEASURES = {
  latentDrift: { title: 'latents to first block', unit: 'latent units', better: 'neither' },
  latentStep: { title: 'latents to block before', unit: 'latent units', better: 'neither' },
} satisfies Record<string, MeasureInfo>;

/** A meter that is given the latent frames of a video one after the other; frames past the last whole block do not count. */
export function latentMeter(options: LatentMeterOptions): LatentMeter {
  const { shape, framesPerBlock, patch, fps = 16, framesPerLatent = 4 } = options;
  const [channels, height, width] = shape;
  const size = channels * height * width;
  ensure(
    height % patch.height === 0 && width % patch.width === 0,
    `Latent frames of ${height}x${width} do not split into patches of ${patch.height}x${patch.width}. Say the DiT's own with \`patch\`.`,
  );
  const block = new Float64Array(framesPerBlock * size);
  const found = { latentDrift: [] as (number | null)[], latentStep: [] as (number | null)[] };
  let first: NdArray<Float64Array> | undefined;
  let previous: NdArray<Float64Array> | undefined;
  let frames = 0;

  function closeBlock(): void {
    const summary = tokenSummary(ndarray(block, [framesPerBlock, ...shape]), patch);
    const distance = (other?: typeof summary) => (other ? meanOf(Array.from(tokenDrift(summary, other).data)) : null);
    found.latentDrift.push(distance(first));
    found.latentStep.push(distance(previous));
    first ??= summary;
    previous = summary;
  }

  return {
    add(frame) {
      ensure(
        frame.length === size,
        `Latent frame ${frames}: expected [${shape.join(', ')}], ${size} values, found ${frame.length}.`,
      );
      block.set(frame, (frames % framesPerBlock) * size);
      frames++;
      if (frames % framesPerBlock === 0) closeBlock();
    },
    finish() {
      const blocks = found.latentDrift.length;
      ensure(
        blocks >= 2,
        `Drift is between blocks, and ${frames} latent frames, ${framesPerBlock} a block, make ${blocks}. Use a smaller \`framesPerBlock\`.`,
      );
      /** Frames of the video up to the end of a block. */
      const framesTo = (index: number) => 1 + ((index + 1) * framesPerBlock - 1) * framesPerLatent;
      /** A block's value for each of its frames, so that seconds and shares mean what they do for the video. */
      const series = (values: readonly (number | null)[]) => {
        const ofFrames = values.flatMap((value, index) =>
          Array<number | null>(framesTo(index) - (index === 0 ? 0 : framesTo(index - 1))).fill(value),
        );
        return { ...seriesOf(ofFrames, fps), values: values.slice() };
      };
      return {
        ...{ version: MEASURES_VERSION, kind: 'latents', shape, frames, framesPerBlock, patch, blocks, fps },
        times: found.latentDrift.map((_, index) => framesTo(index) / fps),
        measures: { latentDrift: series(found.latentDrift), latentStep: series(found.latentStep) },
      };
    },
  };
}
